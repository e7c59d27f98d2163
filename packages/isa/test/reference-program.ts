import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assemble,
  defaultInstructionSet,
  type EvaluationState,
  evaluate,
  floatOperation,
  type Instruction,
  resolveRoundingMode,
} from '../src/index.ts';
import { floatConstantNames } from '../src/rows/zfa.ts';
import { inTemporaryFolder, run, tools } from './binutils.ts';

/** One instruction to compare: a row, and the immediate if it has one. */
export interface TestCase {
  readonly row: Instruction;
  readonly imm?: number;
}

export interface Vector {
  /** Index of the test case. */
  readonly test: number;
  /** Rounding mode. */
  readonly mode: number;
  readonly operands: readonly [bigint, bigint, bigint];
}

/** The instruction with its operands in fa0, fa1, fa2 or, for integers, in a0 and a2, and its result in fa3 or a3. */
function sourceOf({ row, imm = 0 }: TestCase): string {
  const registers: Readonly<Record<string, string>> = {
    frd: 'fa3',
    rd: 'a3',
    frs1: 'fa0',
    rs1: 'a0',
    frs2: 'fa1',
    rs2: 'a2',
    frs3: 'fa2',
    imm: String(imm),
    fli: floatConstantNames[imm] ?? '',
    rtz: 'rtz',
    shamt: String(imm),
    upper: String(imm),
  };
  const operands = row.syntax.split(', ').filter((operand) => !operand.startsWith('rm'));
  return `${row.name} ${operands.map((operand) => registers[operand] ?? operand).join(', ')}`;
}

/** The instruction as data: the cross compiler need not know it. */
function bitsOf(test: TestCase): string {
  const bits = new DataView(assemble(sourceOf(test)).bytes.buffer).getUint32(0, true);
  return `.4byte 0x${bits.toString(16)}`;
}

const writesFloat = ({ row }: TestCase): boolean => row.syntax.startsWith('frd');

/** A static program that reads vectors from its input and writes results and flags. */
function referenceProgram(cases: readonly TestCase[]): string {
  const functions = cases.map(
    (test, index) => `
static void op${index}(const uint64_t *in, uint64_t mode, uint64_t *out) {
  register uint64_t a0 asm("a0") = in[0];
  register uint64_t a2 asm("a2") = in[1];
  register uint64_t mode1 asm("a1") = mode;
  register uint64_t result asm("a3");
  register uint64_t flags asm("a4");
  asm volatile("fmv.d.x fa0, %4\\n fmv.d.x fa1, %5\\n fmv.d.x fa2, %6\\n fsrm %3\\n fsflags zero\\n"
    "${bitsOf(test)}\\n frflags %1\\n ${writesFloat(test) ? 'fmv.x.d a3, fa3' : ''}\\n"
    : "=&r"(result), "=&r"(flags) : "r"(a0), "r"(mode1), "r"(a0), "r"(a2), "r"(in[2]) : "fa0", "fa1", "fa2", "fa3");
  out[0] = result; out[1] = flags;
}`,
  );
  // No C library: the cross compiler alone is enough.
  return `typedef unsigned long uint64_t;
${functions.join('\n')}
static void (*const ops[])(const uint64_t *, uint64_t, uint64_t *) = { ${cases.map((_, index) => `op${index}`).join(', ')} };
static long call(long number, long a, void *b, long c) {
  register long a0 asm("a0") = a;
  register void *a1 asm("a1") = b;
  register long a2 asm("a2") = c;
  register long a7 asm("a7") = number;
  asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}
static uint64_t in[5 * 1024], out[2 * 1024];
void _start(void) {
  for (;;) {
    long have = 0;
    while (have < (long)sizeof in) {
      long n = call(63, 0, (char *)in + have, sizeof in - have);
      if (n <= 0) break;
      have += n;
    }
    long count = have / 40;
    for (long i = 0; i < count; i++) ops[in[i * 5]](in + i * 5 + 2, in[i * 5 + 1], out + i * 2);
    for (long done = 0; done < count * 16; done += call(64, 1, (char *)out + done, count * 16 - done)) {}
    if (have < (long)sizeof in) call(93, 0, 0, 0);
  }
}`;
}

/** Runs the vectors in qemu-riscv64: a result and flags for each. */
export function runReference(cases: readonly TestCase[], vectors: readonly Vector[]): BigUint64Array {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'a.c'), referenceProgram(cases));
    run(
      'gcc',
      [
        '-O1',
        '-march=rv64gc_zba_zbb_zbc_zbs',
        '-ffreestanding',
        '-nostdlib',
        '-static',
        '-Wl,--no-relax',
        '-mno-relax',
        '-o',
        'a.elf',
        'a.c',
      ],
      folder,
    );
    const input = new BigUint64Array(
      vectors.flatMap(({ test, mode, operands }) => [BigInt(test), BigInt(mode), ...operands]),
    );
    const { stdout, status } = spawnSync(tools.qemu, ['a.elf'], {
      cwd: folder,
      input: new Uint8Array(input.buffer),
      maxBuffer: 1 << 28,
      timeout: 120_000,
    });
    if (status !== 0) throw new Error(`the reference program ended with ${status}`);
    return new BigUint64Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength));
  });
}

/** Runs the vectors through assembler, decoder and reference semantics: a result and flags for each. */
export function runOurs(cases: readonly TestCase[], vectors: readonly Vector[]): BigUint64Array {
  const set = defaultInstructionSet();
  const decoded = cases.map((test) => {
    const bits = new DataView(assemble(sourceOf(test)).bytes.buffer).getUint32(0, true);
    const found = set.decode(bits);
    if (found?.instruction !== test.row) throw new Error(`${sourceOf(test)} is decoded as ${found?.instruction.name}`);
    return found;
  });
  let vector = vectors[0]!;
  let result = 0n;
  let flags = 0;
  const write = (register: number, value: bigint): void => {
    if (register !== 13) throw new Error(`register ${register} was written`);
    result = value;
  };
  const state: Partial<EvaluationState> = {
    pc: 0n,
    readX: (register) => vector.operands[register === 10 ? 0 : 1]!,
    readF: (register) => vector.operands[register - 10]!,
    writeX: write,
    writeF: write,
    float: (operation, args, rm) => {
      const found = floatOperation(operation, args, resolveRoundingMode(rm, vector.mode)!);
      flags |= found.flags;
      return found.value;
    },
  };
  const results = new BigUint64Array(vectors.length * 2);
  for (const [index, current] of vectors.entries()) {
    vector = current;
    flags = 0;
    evaluate(decoded[vector.test]!, state as EvaluationState);
    results[index * 2] = result;
    results[index * 2 + 1] = BigInt(flags);
  }
  return results;
}

/** The vectors on which the two disagree, at most 40, in words. */
export function compareResults(
  cases: readonly TestCase[],
  vectors: readonly Vector[],
  ours: BigUint64Array,
  theirs: BigUint64Array,
): string[] {
  if (theirs.length !== vectors.length * 2) return [`${theirs.length / 2} results for ${vectors.length} vectors`];
  const hex = (value: bigint | undefined): string => (value ?? 0n).toString(16).padStart(16, '0');
  return vectors
    .flatMap(({ test, mode, operands }, index) => {
      const [mine, wanted] = [ours, theirs].map(
        (results) => `${hex(results[index * 2])} flags ${results[index * 2 + 1]}`,
      );
      return mine === wanted
        ? []
        : [`${sourceOf(cases[test]!)} mode ${mode} ${operands.map(hex).join(' ')}: ${mine}, qemu ${wanted}`];
    })
    .slice(0, 40);
}
