import { RESUMED, SbiError, type SbiExtension, type SbiPlatform, type SbiResult } from './sbi-call.ts';
import { debugConsoleExtension, legacyExtensions } from './sbi-console.ts';
import { ipiExtension, rfenceExtension, timeExtension } from './sbi-events.ts';
import { baseExtension, hsmExtension, resetExtension } from './sbi-system.ts';

/** All of the built-in firmware: one row for each extension (RISC-V SBI Specification v2.0). */
export const sbiExtensions: readonly SbiExtension[] = [
  baseExtension((id) => byId.has(id)),
  timeExtension,
  ipiExtension,
  rfenceExtension,
  hsmExtension,
  resetExtension,
  debugConsoleExtension,
  ...legacyExtensions,
];
const byId = new Map(sbiExtensions.map((extension) => [extension.id, extension]));

/** Where a call's numbers are. */
export interface SbiArguments {
  readX(index: number): bigint;
}

/** The registers that a call uses. */
export interface SbiRegisters extends SbiArguments {
  writeX(index: number, value: bigint): void;
}

const A0 = 10;
const A1 = 11;
const A6 = 16;
const A7 = 17;

/** The name of the call that is in the registers, for traces: `time.set_timer`. */
export function sbiCallName(registers: SbiArguments): string {
  const id = Number(registers.readX(A7));
  const extension = byId.get(id);
  if (!extension) return `sbi-0x${id.toString(16)}`;
  const index = extension.isLegacy ? 0 : Number(registers.readX(A6));
  return `${extension.name}.${extension.functions[index]?.name ?? `function-${index}`}`;
}

/** Carries out the call that is in the registers and leaves its result there. pc is the caller's business. */
export function callSbi(platform: SbiPlatform, registers: SbiRegisters): void {
  const extension = byId.get(Number(registers.readX(A7)));
  const index = extension?.isLegacy ? 0n : registers.readX(A6);
  const row = index < 64n ? extension?.functions[Number(index)] : undefined;
  let result: SbiResult = { error: SbiError.notSupported, value: 0n };
  if (row) {
    const args = [0, 1, 2, 3, 4, 5].map((offset) => registers.readX(A0 + offset));
    result = row.call(platform, args);
  }
  if (result === RESUMED) return;
  if (extension?.isLegacy) {
    registers.writeX(A0, result.value);
    return;
  }
  registers.writeX(A0, BigInt.asUintN(64, BigInt(result.error)));
  registers.writeX(A1, result.value);
}
