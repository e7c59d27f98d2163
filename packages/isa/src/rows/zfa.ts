import type { Expression, Instruction, RegisterOperand, Statement } from '../instruction.ts';
import { boxed, f, float, immediate, setF, setX, unboxed, word } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const constants = rowsOf('Zfa', 'unprivileged', 'Extension for Additional Floating-Point Instructions: Load-Immediate');
const extrema = rowsOf('Zfa', 'unprivileged', 'Extension for Additional Floating-Point Instructions: Minimum, Maximum');
const rounding = rowsOf(
  'Zfa',
  'unprivileged',
  'Extension for Additional Floating-Point Instructions: Round-to-Integer',
);
const modular = rowsOf('Zfa', 'unprivileged', 'Extension for Additional Floating-Point Instructions: Modular Convert');
const comparison = rowsOf('Zfa', 'unprivileged', 'Extension for Additional Floating-Point Instructions: Comparison');

const rounded = { where: ['rm!=5', 'rm!=6'] };

/** The rows that both precisions have. */
function additionalRows(suffix: 's' | 'd', fmt: '00' | '01'): readonly Instruction[] {
  const isSingle = suffix === 's';
  const format = isSingle ? 'f32' : 'f64';
  const read = (operand: RegisterOperand): Expression => (isSingle ? unboxed(f(operand)) : f(operand));
  const write = (value: Expression): Statement => setF(isSingle ? boxed(value) : value);
  const a = read('rs1');
  const b = read('rs2');
  const operate = (name: string, ...args: readonly Expression[]): Expression => float(`${format}.${name}`, ...args);
  // biome-ignore format: one row a line reads as the table that it is
  return [
    constants(`fli.${suffix}`, 'fli', `11110${fmt} 00001 iiiii 000 ddddd 1010011`, 'frd, fli', 'Load one of 32 constants.', write(operate('loadConstant', immediate))),
    extrema(`fminm.${suffix}`, 'R', `00101${fmt} ttttt sssss 010 ddddd 1010011`, 'frd, frs1, frs2', 'The smaller number, or the canonical NaN if either is a NaN.', write(operate('minimumOrNaN', a, b))),
    extrema(`fmaxm.${suffix}`, 'R', `00101${fmt} ttttt sssss 011 ddddd 1010011`, 'frd, frs1, frs2', 'The larger number, or the canonical NaN if either is a NaN.', write(operate('maximumOrNaN', a, b))),
    rounding(`fround.${suffix}`, 'R', `01000${fmt} 00100 sssss mmm ddddd 1010011`, 'frd, frs1, rm', 'Round to an integer, in floating-point form; never inexact.', write(operate('roundToIntegral', a)), rounded),
    rounding(`froundnx.${suffix}`, 'R', `01000${fmt} 00101 sssss mmm ddddd 1010011`, 'frd, frs1, rm', 'Round to an integer, in floating-point form; inexact if that changes the value.', write(operate('roundToIntegralExact', a)), rounded),
    comparison(`fleq.${suffix}`, 'R', `10100${fmt} ttttt sssss 100 ddddd 1010011`, 'rd, frs1, frs2', 'Less or equal; only a signaling NaN is invalid.', setX(operate('lessEqualQuiet', a, b))),
    comparison(`fltq.${suffix}`, 'R', `10100${fmt} ttttt sssss 101 ddddd 1010011`, 'rd, frs1, frs2', 'Less than; only a signaling NaN is invalid.', setX(operate('lessQuiet', a, b))),
  ];
}

/** Zfa (unprivileged ISA, "Extension for Additional Floating-Point Instructions"), as far as RV64 with F and D has it. */
export const zfa: readonly Instruction[] = [
  ...additionalRows('s', '00'),
  ...additionalRows('d', '01'),
  modular(
    'fcvtmod.w.d',
    'R',
    '1100001 01000 sssss 001 ddddd 1010011',
    'rd, frs1, rtz',
    'Round towards zero and keep the low 32 bits, sign-extended; flags as fcvt.w.d raises them.',
    setX(word(float('f64.toI32Modular', f('rs1')))),
  ),
];

/**
 * The values of fli by the number in its rs1 field, as C's `%a` prints them and objdump with it; three have names.
 * Table "Immediate values loaded by the FLI.S instruction".
 */
export const floatConstantNames: readonly string[] = [
  ...['-0x1p+0', 'min', '0x1p-16', '0x1p-15', '0x1p-8', '0x1p-7', '0x1p-4', '0x1p-3', '0x1p-2', '0x1.4p-2'],
  ...['0x1.8p-2', '0x1.cp-2', '0x1p-1', '0x1.4p-1', '0x1.8p-1', '0x1.cp-1', '0x1p+0', '0x1.4p+0', '0x1.8p+0'],
  ...['0x1.cp+0', '0x1p+1', '0x1.4p+1', '0x1.8p+1', '0x1p+2', '0x1p+3', '0x1p+4', '0x1p+7', '0x1p+8', '0x1p+15'],
  ...['0x1p+16', 'inf', 'nan'],
];

/** The number in decimal or in C's hexadecimal form, or undefined when the text is neither. */
function parseNumber(text: string): number | undefined {
  const [, sign, whole, fraction = '', exponent] =
    /^([-+]?)0x([0-9a-f]+)(?:\.([0-9a-f]*))?p([-+]?\d+)$/i.exec(text) ?? [];
  if (whole !== undefined) {
    const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
    return sign === '-' ? -magnitude : magnitude;
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** The number in fli's rs1 field for an operand as assembly writes it, or -1 when no constant has that value. */
export function floatConstantIndex(text: string, isSingle: boolean): number {
  const named = floatConstantNames.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  const value = parseNumber(text);
  if (value === undefined) return -1;
  // The smallest normal number may be written out; its decimal form is as close as the format's precision.
  const minimum = 2 ** (isSingle ? -126 : -1022);
  if ((isSingle ? Math.fround(value) : value) === minimum) return 1;
  return floatConstantNames.findIndex((name) => parseNumber(name) === value);
}
