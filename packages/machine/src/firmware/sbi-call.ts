/** Error codes (RISC-V SBI Specification v2.0, table 1). */
export const SbiError = {
  success: 0,
  failed: -1,
  notSupported: -2,
  invalidParameter: -3,
  denied: -4,
  invalidAddress: -5,
  alreadyAvailable: -6,
} as const;
export type SbiError = (typeof SbiError)[keyof typeof SbiError];

/** What a call returns: a0 and a1. Legacy calls return `value` in a0 alone. */
export interface SbiResult {
  readonly error: SbiError;
  readonly value: bigint;
}

export const success = (value = 0n): SbiResult => ({ error: SbiError.success, value });
export const failure = (error: SbiError): SbiResult => ({ error, value: 0n });

/** What the firmware needs of the machine: one hart, its timer, its console. */
export interface SbiPlatform {
  readonly hartId: number;
  /** Starts the supervisor timer: an interrupt at `deadline` (ticks, Infinity for never); clears one that is pending. */
  setTimer(deadline: number): void;
  raiseSoftwareInterrupt(): void;
  clearSoftwareInterrupt(): void;
  /** sfence.vma of the whole hart; page is a virtual page number. */
  fence(asid: number | undefined, page: number | undefined): void;
  /** Waits for an interrupt. */
  suspend(): void;
  powerOff(exitCode: number): void;
  reboot(): void;
  writeConsole(bytes: Uint8Array): void;
  /** A byte typed, or undefined. */
  readConsole(): number | undefined;
  /** RAM, or undefined when any of it is not RAM. */
  view(address: bigint, length: number): Uint8Array | undefined;
  noteWrite(address: bigint, length: number): void;
}

/** One function of an extension. `args` are a0 to a5. */
export interface SbiFunction {
  readonly name: string;
  call(platform: SbiPlatform, args: readonly bigint[]): SbiResult;
}

/** One extension: its number in a7, and its functions by their number in a6. */
export interface SbiExtension {
  readonly name: string;
  readonly id: number;
  /** Legacy extensions have one function, ignore a6 and return a0 alone. */
  readonly isLegacy?: boolean;
  readonly functions: readonly SbiFunction[];
}

/** Whether a hart mask selects this hart (same, section 3.1 "Hart list parameter"). */
export function selectsHart(platform: SbiPlatform, mask: bigint, base: bigint): boolean | undefined {
  if (base === (1n << 64n) - 1n) return true;
  const offset = BigInt(platform.hartId) - base;
  const own = offset >= 0n && offset < 64n ? 1n << offset : 0n;
  // A bit of a hart that does not exist makes the parameter invalid.
  return (mask & ~own) !== 0n ? undefined : (mask & own) !== 0n;
}
