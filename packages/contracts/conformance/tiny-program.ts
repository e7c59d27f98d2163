import type { ProgramSpec } from '../src/index.ts';
import { addi, auipc, bne, bytesOf, ECALL, jal, lui, sd } from './machine-code.ts';

/** A static RV64 Linux program of a few instructions, and what it must do wherever it runs. */
export interface TinyProgram {
  readonly spec: ProgramSpec;
  /** What it writes to its standard output. */
  readonly output: string;
  readonly exitCode: number;
  /** Instructions that retire in user mode; environment calls do not. */
  readonly instructions: number;
  /** System calls by name. */
  readonly systemCalls: Readonly<Record<string, number>>;
}

const Call = { write: 64, exitGroup: 94 } as const;
const BASE = 0x1_0000;
const HEADER = 64 + 56;

/**
 * An ELF file: one segment that holds the headers, the code and the data after it (System V ABI, ELF-64 object file format).
 */
export function createElf(words: readonly number[], data: Uint8Array = new Uint8Array(0), flags = 5): Uint8Array {
  const code = bytesOf(words);
  const size = HEADER + code.length + data.length;
  const elf = new Uint8Array(size);
  const view = new DataView(elf.buffer);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64-bit, little endian, version 1
  view.setUint16(16, 2, true); // e_type: ET_EXEC
  view.setUint16(18, 243, true); // e_machine: EM_RISCV
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(24, BigInt(BASE + HEADER), true); // e_entry
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true); // e_ehsize
  view.setUint16(54, 56, true); // e_phentsize
  view.setUint16(56, 1, true); // e_phnum
  view.setUint16(58, 64, true); // e_shentsize
  view.setUint32(64, 1, true); // p_type: PT_LOAD
  view.setUint32(68, flags, true); // p_flags: R 4, W 2, X 1
  view.setBigUint64(80, BigInt(BASE), true); // p_vaddr
  view.setBigUint64(88, BigInt(BASE), true); // p_paddr
  view.setBigUint64(96, BigInt(size), true); // p_filesz
  view.setBigUint64(104, BigInt(size), true); // p_memsz
  view.setBigUint64(112, 4096n, true); // p_align
  elf.set(code, HEADER);
  elf.set(data, HEADER + code.length);
  return elf;
}

const exit = (code: number) => [addi(10, 0, code), addi(17, 0, Call.exitGroup), ECALL];
/** write(descriptor, text behind the code, length): `words` is how many follow these six up to the text. */
const writeText = (descriptor: number, length: number, words: number) => [
  addi(10, 0, descriptor),
  auipc(11, 0),
  addi(11, 11, 4 * (5 + words)),
  addi(12, 0, length),
  addi(17, 0, Call.write),
  ECALL,
];
const program = (name: string, image: Uint8Array): ProgramSpec => ({ image, arguments: [name] });

/**
 * Counts down, writes a line, ends.
 * @param turns of the count-down, 1 to 2^30. @param exitCode 0 to 255.
 */
export function createHelloProgram(
  options: { readonly turns?: number; readonly exitCode?: number; readonly descriptor?: 1 | 2 } = {},
): TinyProgram {
  const { turns = 1000, exitCode = 42, descriptor = 1 } = options;
  const output = 'hello, world\n';
  const low = (turns << 20) >> 20;
  const ending = exit(exitCode);
  const words = [
    lui(5, (turns - low) >>> 12),
    addi(5, 5, low),
    addi(5, 5, -1),
    bne(5, 0, -4),
    ...writeText(descriptor, output.length, ending.length),
    ...ending,
  ];
  return {
    spec: program('hello', createElf(words, new TextEncoder().encode(output))),
    output,
    exitCode,
    instructions: 2 + 2 * turns + 5 + 2,
    systemCalls: { write: 1, exit_group: 1 },
  };
}

/** Never ends, never calls anybody. */
export function createEndlessProgram(): ProgramSpec {
  return program('endless', createElf([addi(5, 5, 1), jal(0, -4)]));
}

/** Writes 64 bytes at a time for ever. */
export function createFloodProgram(): ProgramSpec {
  const call = writeText(1, 64, 1);
  return program('flood', createElf([...call, jal(0, -4 * call.length)], new Uint8Array(64).fill(0x2e)));
}

/** Executes an instruction that there is not: Linux ends it with SIGILL (4). */
export function createIllegalProgram(): ProgramSpec {
  return program('illegal', createElf([addi(5, 0, 1), 0]));
}

/** Stores where nothing is mapped: Linux ends it with SIGSEGV (11). */
export function createStrayProgram(): ProgramSpec {
  return program('stray', createElf([lui(6, 0x666), sd(5, 0, 6), ...exit(0)]));
}

/** Files that are no programs: each must be refused with an error that says so. */
export function createBadImages(): Readonly<Record<string, Uint8Array>> {
  const good = createHelloProgram().spec.image;
  const otherMachine = good.slice();
  otherMachine[18] = 62; // EM_X86_64
  const narrow = good.slice();
  narrow[4] = 1; // 32-bit
  const longSegment = good.slice();
  new DataView(longSegment.buffer).setBigUint64(96, 2n ** 40n, true);
  return {
    empty: new Uint8Array(0),
    text: new TextEncoder().encode('#!/bin/sh\necho hello\n'),
    'a truncated header': good.slice(0, 40),
    'truncated program headers': good.slice(0, 100),
    'a truncated segment': good.slice(0, good.length - 20),
    'another machine': otherMachine,
    'a 32-bit program': narrow,
    'a segment longer than its file': longSegment,
  };
}
