import type { Instruction } from '../instruction.ts';
import { boxed, f, float, setF, unboxed } from '../semantics/semantics.ts';
import { floatRows } from './float-rows.ts';
import { rowsOf } from './row.ts';
import { compressedRowsOf } from './rv64c.ts';

const conversion = rowsOf('D', 'unprivileged', 'Double-Precision Floating-Point Conversion and Move Instructions');
const rounded = { where: ['rm!=5', 'rm!=6'] };

const common = floatRows({
  extension: 'D',
  suffix: 'd',
  format: 'f64',
  fmt: '01',
  title: 'Double-Precision',
  width: 8,
  widthBits: '011',
  signBit: 1n << 63n,
});

/** D (unprivileged ISA, "Extension for Double-Precision Floating-Point"). */
// biome-ignore format: one row a line reads as the table that it is
export const rv64d: readonly Instruction[] = [
  ...common,
  conversion('fcvt.s.d', 'R', '0100000 00001 sssss mmm ddddd 1010011', 'frd, frs1, rm', 'Convert double to single precision.', setF(boxed(float('f32.fromF64', f('rs1')))), rounded),
  conversion('fcvt.d.s', 'R', '0100001 00000 sssss mmm ddddd 1010011', 'frd, frs1, rm.rne', 'Convert single to double precision; always exact.', setF(float('f64.fromF32', unboxed(f('rs1')))), rounded),
];

const compressed = compressedRowsOf(
  'Zcd',
  'Extension for Compressed Instructions: Load and Store Instructions',
  new Map(common.map((row) => [row.name, row])),
);

/** The compressed loads and stores of doubles (Zcd). */
// biome-ignore format: one row a line reads as the table that it is
export const rv64dCompressed: readonly Instruction[] = [
  compressed('c.fld', 'CL.d', '001 iii sss ii ddd 00', 'frd, imm(rs1)', 'fld'),
  compressed('c.fsd', 'CL.d', '101 iii sss ii ttt 00', 'frs2, imm(rs1)', 'fsd'),
  compressed('c.fldsp', 'CI.ldsp', '001 i ddddd iiiii 10', 'frd, imm(sp)', 'fld'),
  compressed('c.fsdsp', 'CSS.sdsp', '101 iiiiii ttttt 10', 'frs2, imm(sp)', 'fsd'),
];
