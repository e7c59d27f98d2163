import {
  failure,
  SbiError,
  type SbiExtension,
  type SbiFunction,
  type SbiPlatform,
  selectHarts,
  success,
} from './sbi-call.ts';
import { setTimer } from './sbi-events.ts';

/** One call moves at most this many bytes. */
const CHUNK = 4096n;
const address = (low: bigint, high: bigint) => (high << 64n) | low;

/** Debug console (RISC-V SBI Specification v2.0, chapter 12). Buffers are physical memory. */
export const debugConsoleExtension: SbiExtension = {
  name: 'dbcn',
  id: 0x4442_434e,
  functions: [
    {
      name: 'console_write',
      call(platform, [count = 0n, low = 0n, high = 0n]) {
        const length = Number(count < CHUNK ? count : CHUNK);
        const bytes = platform.view(address(low, high), length);
        if (!bytes) return failure(SbiError.invalidParameter);
        platform.writeConsole(bytes.slice());
        return success(BigInt(length));
      },
    },
    {
      name: 'console_read',
      call(platform, [count = 0n, low = 0n, high = 0n]) {
        const bytes = platform.view(address(low, high), Number(count < CHUNK ? count : CHUNK));
        if (!bytes) return failure(SbiError.invalidParameter);
        let read = 0;
        for (; read < bytes.length; read++) {
          const byte = platform.readConsole();
          if (byte === undefined) break;
          bytes[read] = byte;
        }
        platform.noteWrite(address(low, high), read);
        return success(BigInt(read));
      },
    },
    {
      name: 'console_write_byte',
      call(platform, [byte = 0n]) {
        platform.writeConsole(Uint8Array.of(Number(byte & 0xffn)));
        return success();
      },
    },
  ],
};

const legacy = (
  id: number,
  name: string,
  call: (platform: SbiPlatform, args: readonly bigint[]) => bigint,
): SbiExtension => {
  const only: SbiFunction = { name, call: (platform, args) => success(call(platform, args)) };
  return { name: 'legacy', id, isLegacy: true, functions: [only] };
};
const ALL_ONES = (1n << 64n) - 1n;
const INVALID = BigInt.asUintN(64, BigInt(SbiError.invalidParameter));

/** Legacy calls point to their mask (0 means all harts). The pointer is taken as physical, so the kernel must map it one to one. */
function maskedHarts(platform: SbiPlatform, address: bigint): readonly number[] | undefined {
  if (address === 0n) return selectHarts(platform, 0n, ALL_ONES);
  const bytes = platform.view(address, 8);
  if (!bytes) return undefined;
  return selectHarts(platform, new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true), 0n);
}

/** Flushing more than was asked for is always allowed. */
function fenceAll(platform: SbiPlatform): bigint {
  for (let hart = 0; hart < platform.harts; hart++) platform.fence(hart, undefined, undefined);
  return 0n;
}

/** Legacy extensions (same, chapter 5) that kernels still use: timer, console, IPIs, fences and shutdown. */
export const legacyExtensions: readonly SbiExtension[] = [
  legacy(0, 'set_timer', (platform, [deadline = 0n]) => {
    setTimer(platform, deadline);
    return 0n;
  }),
  legacy(1, 'console_putchar', (platform, [byte = 0n]) => {
    platform.writeConsole(Uint8Array.of(Number(byte & 0xffn)));
    return 0n;
  }),
  legacy(2, 'console_getchar', (platform) => {
    const byte = platform.readConsole();
    return byte === undefined ? ALL_ONES : BigInt(byte);
  }),
  legacy(3, 'clear_ipi', (platform) => {
    platform.clearSoftwareInterrupt();
    return 0n;
  }),
  legacy(4, 'send_ipi', (platform, [maskAddress = 0n]) => {
    const harts = maskedHarts(platform, maskAddress);
    for (const hart of harts ?? []) platform.raiseSoftwareInterrupt(hart);
    return harts ? 0n : INVALID;
  }),
  legacy(5, 'remote_fence_i', () => 0n),
  legacy(6, 'remote_sfence_vma', fenceAll),
  legacy(7, 'remote_sfence_vma_asid', fenceAll),
  legacy(8, 'shutdown', (platform) => {
    platform.powerOff(0);
    return 0n;
  }),
];
