import type { LoadableElf } from './elf-loader.ts';

/** Keys of the auxiliary vector (Linux include/uapi/linux/auxvec.h). */
const Auxiliary = {
  end: 0,
  headers: 3,
  headerSize: 4,
  headerCount: 5,
  pageSize: 6,
  base: 7,
  flags: 8,
  entry: 9,
  uid: 11,
  euid: 12,
  gid: 13,
  egid: 14,
  hwcap: 16,
  clockTicks: 17,
  secure: 23,
  random: 25,
  fileName: 31,
} as const;

/** One bit for each single-letter extension (Linux Documentation/arch/riscv/uabi.rst). */
const extensionBits = (letters: string) =>
  [...letters].reduce((bits, letter) => bits | (1 << (letter.charCodeAt(0) - 97)), 0);

/** Most bytes of the strings and of the table together. */
export const MAX_ARGUMENT_BYTES = 128 * 1024;

/**
 * What a program finds at its stack pointer: argc, argv, environment and auxiliary vector, and behind them the strings
 * (System V psABI; RISC-V ELF psABI, "Integer Calling Convention": the stack pointer is aligned to 16).
 * @param top first address above the stack. @param hardware 16 random bytes, and what the hart can do.
 * @returns the bytes that end at `top`, or undefined when they are too many.
 */
export function buildInitialStack(
  elf: LoadableElf,
  top: number,
  strings: {
    readonly arguments: readonly string[];
    readonly environment: readonly string[];
    readonly fileName: string;
  },
  hardware: { readonly random: Uint8Array; readonly hasFloat: boolean },
): { readonly stackPointer: number; readonly bytes: Uint8Array } | undefined {
  const encoder = new TextEncoder();
  const encoded = [...strings.arguments, ...strings.environment, strings.fileName].map((text) =>
    encoder.encode(`${text}\0`),
  );
  const stringBytes = encoded.reduce((size, bytes) => size + bytes.length, 0) + hardware.random.length;
  const auxiliaryOf = (randomAt: number, nameAt: number): readonly (readonly [number, number])[] => [
    [Auxiliary.headers, elf.headers.address],
    [Auxiliary.headerSize, elf.headers.size],
    [Auxiliary.headerCount, elf.headers.count],
    [Auxiliary.pageSize, 4096],
    [Auxiliary.base, 0],
    [Auxiliary.flags, 0],
    [Auxiliary.entry, elf.entry],
    [Auxiliary.uid, 0],
    [Auxiliary.euid, 0],
    [Auxiliary.gid, 0],
    [Auxiliary.egid, 0],
    [Auxiliary.hwcap, extensionBits(hardware.hasFloat ? 'imafdc' : 'imac')],
    [Auxiliary.clockTicks, 100],
    [Auxiliary.secure, 0],
    [Auxiliary.random, randomAt],
    [Auxiliary.fileName, nameAt],
    [Auxiliary.end, 0],
  ];
  const words = 1 + strings.arguments.length + 1 + strings.environment.length + 1 + auxiliaryOf(0, 0).length * 2;
  const size = Math.ceil((words * 8 + stringBytes) / 16) * 16;
  if (size > MAX_ARGUMENT_BYTES) return undefined;

  const stackPointer = top - size;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = words * 8;
  const place = (data: Uint8Array): number => {
    bytes.set(data, at);
    at += data.length;
    return stackPointer + at - data.length;
  };
  const addresses = encoded.map(place);
  const randomAt = place(hardware.random);

  let next = 0;
  const push = (value: number) => {
    view.setUint32(next, value, true);
    view.setUint32(next + 4, Math.floor(value / 2 ** 32), true);
    next += 8;
  };
  const argumentCount = strings.arguments.length;
  push(argumentCount);
  for (const address of addresses.slice(0, argumentCount)) push(address);
  push(0);
  for (const address of addresses.slice(argumentCount, -1)) push(address);
  push(0);
  for (const [key, value] of auxiliaryOf(randomAt, addresses.at(-1) ?? 0)) {
    push(key);
    push(value);
  }
  return { stackPointer, bytes };
}
