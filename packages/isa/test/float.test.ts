/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { defaultInstructionSet, effectsOf, floatOperation, floatOperationNames } from '../src/index.ts';
import { createRandom, isInstalled, qemuVersion } from './binutils.ts';
import { compareResults, runOurs, runReference, type TestCase, type Vector } from './reference-program.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
/** Operand sets for each instruction and rounding mode. */
const vectorsPerMode = Number(process.env.FLOAT_VECTORS ?? 150);
const set = defaultInstructionSet();
/** Zfa is known to QEMU 8 and later; `WORLDSWITCH_QEMU_USER` names one that is not installed. Its rows are checked without it in vectors.test.ts. */
const extensions = isInstalled('qemu') && qemuVersion() >= 8 ? ['F', 'D', 'Zfa'] : ['F', 'D'];
const rows = set.rows.filter(
  (row) => extensions.includes(row.extension) && !effectsOf(row).readsMemory && !effectsOf(row).writesMemory,
);

const singles = [
  ...[
    0x00000000n,
    0x80000000n,
    0x3f800000n,
    0xbf800000n,
    0x00000001n,
    0x80000001n,
    0x007fffffn,
    0x00800000n,
    0x80800000n,
  ],
  ...[
    0x7f7fffffn,
    0xff7fffffn,
    0x7f800000n,
    0xff800000n,
    0x7fc00000n,
    0xffc12345n,
    0x7f800001n,
    0xffbfffffn,
    0x3f000000n,
  ],
  ...[
    0x4f000000n,
    0xcf000000n,
    0x5f000000n,
    0xdf000000n,
    0x4effffffn,
    0x3effffffn,
    0x3fc00000n,
    0x40200000n,
    0x34000000n,
  ],
];
const doubles = [
  ...[0n, 1n << 63n, 0x3ff0n << 48n, 0xbff0n << 48n, 1n, (1n << 63n) | 1n, 0x000f_ffff_ffff_ffffn, 0x0010n << 48n],
  ...[
    0x7fef_ffff_ffff_ffffn,
    0xffef_ffff_ffff_ffffn,
    0x7ff0n << 48n,
    0xfff0n << 48n,
    0x7ff8n << 48n,
    0xfff8_1234_0000_0000n,
  ],
  ...[
    0x7ff0_0000_0000_0001n,
    0xfff7_ffff_ffff_ffffn,
    0x3fe0n << 48n,
    0x41e0n << 48n,
    0xc1e0_0000_0020_0000n,
    0x43e0n << 48n,
  ],
  ...[0xc3e0n << 48n, 0x43f0n << 48n, 0x41df_ffff_ffe0_0000n, 0x3fdf_ffff_ffff_ffffn, 0x3ff8n << 48n, 0x4004n << 48n],
  // Where single precision ends.
  ...[
    0x47ef_ffff_e000_0000n,
    0x47ef_ffff_f000_0000n,
    0x3810n << 48n,
    0x380f_ffff_ffff_ffffn,
    0x36a0n << 48n,
    0x3690n << 48n,
  ],
];
const integers = [
  0n,
  1n,
  (1n << 64n) - 1n,
  1n << 63n,
  (1n << 63n) - 1n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x1000001n,
  (1n << 53n) + 1n,
];

function makeVectors(): Vector[] {
  const random = createRandom(seed);
  const random64 = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
  const pick = <T>(values: readonly T[]): T => values[random() % values.length]!;
  const single = (near: bigint): bigint => {
    const kind = random() % 8;
    const bits =
      kind < 3
        ? pick(singles)
        : kind < 5
          ? // An exponent near the other operand's, so that rounding and cancellation happen.
            (near & 0x7f80_0000n) ^
            (BigInt(random() % 8) << 23n) ^
            BigInt.asUintN(23, random64()) ^
            (BigInt(random() % 2) << 31n)
          : BigInt(random());
    return random() % 40 === 0 ? random64() : 0xffff_ffff_0000_0000n | BigInt.asUintN(32, bits);
  };
  const double = (near: bigint): bigint => {
    const kind = random() % 8;
    if (kind < 3) return pick(doubles);
    if (kind < 5)
      return (
        (near & (0x7ffn << 52n)) ^
        (BigInt(random() % 8) << 52n) ^
        BigInt.asUintN(52, random64()) ^
        (BigInt(random() % 2) << 63n)
      );
    // Few significant bits, for exact results and ties.
    if (kind === 5) return BigInt.asUintN(64, random64()) & ~((1n << BigInt(random() % 52)) - 1n);
    // A range that conversions to integers and to single precision care about.
    if (kind === 6) return (BigInt(0x380 + (random() % 0x100)) << 52n) | BigInt.asUintN(52, random64());
    return random64();
  };
  return rows.flatMap((row, index) => {
    const isSingle = /\.s$|^fcvt\.(?!s\.)\w+\.s$|^fmv\.x\.w$/.test(row.name) && row.name !== 'fcvt.s.d';
    const readsInteger = / rs1/.test(row.syntax);
    const operand = isSingle && !/^fcvt\.s\.d/.test(row.name) ? single : double;
    return [0, 1, 2, 3, 4].flatMap((mode) =>
      Array.from({ length: vectorsPerMode }, (): Vector => {
        if (readsInteger) {
          const value =
            random() % 2 ? pick(integers) : BigInt.asUintN(64, BigInt.asIntN((random() % 64) + 1, random64()));
          return { test: index, mode, operands: [value, 0n, 0n] };
        }
        const a = operand(pick(isSingle ? singles : doubles));
        const b = operand(a);
        return { test: index, mode, operands: [a, b, operand(random() % 2 ? a : b)] };
      }),
    );
  });
}

describe.skipIf(!isInstalled('gcc', 'qemu'))(
  'floating point agrees with qemu-riscv64 (skipped where it or the cross compiler is missing)',
  () => {
    it(`bit for bit, flags included, seed ${seed}`, () => {
      const vectors = makeVectors();
      const cases: TestCase[] = rows.map((row) => ({ row }));
      for (let imm = 0; imm < 32; imm++) {
        for (const row of rows.filter(({ format }) => format === 'fli')) {
          vectors.push({ test: cases.length, mode: 0, operands: [0n, 0n, 0n] });
          cases.push({ row, imm });
        }
      }
      const mismatches = compareResults(cases, vectors, runOurs(cases, vectors), runReference(cases, vectors));
      console.info(`${vectors.length} vectors of ${rows.length} floating-point instructions compared, seed ${seed}`);
      expect(mismatches).toEqual([]);
    });
  },
);

// A second opinion that needs no other program: values worked out by hand from IEEE 754.
describe('floating-point operations', () => {
  const [nearest, zero, down, up, away] = [0, 1, 2, 3, 4] as const;
  it.each([
    ['f32.add', [0x3f800000n, 0x33800000n], nearest, 0x3f800000n, 1],
    ['f32.add', [0x3f800000n, 0x33800000n], away, 0x3f800001n, 1],
    ['f32.add', [0x3f800000n, 0x33800000n], up, 0x3f800001n, 1],
    ['f32.add', [0x3f800000n, 0xbf800000n], down, 0x80000000n, 0],
    ['f32.multiply', [0x7f7fffffn, 0x40000000n], zero, 0x7f7fffffn, 5],
    ['f32.multiply', [0x7f7fffffn, 0x40000000n], nearest, 0x7f800000n, 5],
    ['f32.multiply', [0x00800000n, 0x3f000001n], nearest, 0x00400000n, 3],
    ['f32.divide', [0x3f800000n, 0n], nearest, 0x7f800000n, 8],
    ['f32.divide', [0n, 0n], nearest, 0x7fc00000n, 16],
    ['f32.squareRoot', [0xbf800000n], nearest, 0x7fc00000n, 16],
    ['f32.squareRoot', [0x40000000n], nearest, 0x3fb504f3n, 1],
    ['f32.multiplyAdd', [0x7f800000n, 0n, 0x7fc00000n], nearest, 0x7fc00000n, 16],
    ['f32.minimum', [0x80000000n, 0n], nearest, 0x80000000n, 0],
    ['f32.minimum', [0x7f800001n, 0x3f800000n], nearest, 0x3f800000n, 16],
    ['f32.classify', [0x7f800001n], nearest, 256n, 0],
    ['f64.toI32', [0x41e0000000000000n], nearest, 0x7fffffffn, 16],
    ['f64.toU64', [0xbfe0000000000000n], nearest, 0n, 1],
    ['f64.toU64', [0xbff0000000000000n], nearest, 0n, 16],
    ['f32.fromF64', [0x36a0000000000000n], nearest, 1n, 0],
    ['f32.fromF64', [0x3690000000000000n], nearest, 0n, 3],
  ] as const)('%# %s', (operation, args, mode, value, flags) => {
    expect(floatOperation(operation, args, mode)).toEqual({ value, flags });
  });

  it('knows every operation that a row names', () => {
    const named = new Set<string>();
    for (const row of set.rows) {
      for (const found of JSON.stringify(row.semantics, (_, value) => (typeof value === 'bigint' ? 0 : value)).matchAll(
        /"operation":"(f\d\d\.\w+)"/g,
      )) {
        named.add(found[1]!);
      }
    }
    expect([...named].filter((name) => !floatOperationNames.includes(name))).toEqual([]);
    expect(named.size).toBeGreaterThan(30);
  });
});
