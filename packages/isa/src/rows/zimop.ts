import type { Instruction } from '../instruction.ts';
import { constant, control, setX } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const mayBe = rowsOf('Zimop', 'unprivileged', 'Extension for May-Be-Operations');
const compressedMayBe = rowsOf('Zcmop', 'unprivileged', 'Extension for Compressed May-Be-Operations');

const bits = (value: number, length: number): string => value.toString(2).padStart(length, '0');
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const zero = setX(constant(0n));

/** Zimop (unprivileged ISA): encodings that later extensions may give a meaning, and write 0 until then. */
export const zimop: readonly Instruction[] = [
  ...numbers(32).map((n) => {
    const [high, middle, low] = [bits(n >> 4, 1), bits((n >> 2) & 3, 2), bits(n & 3, 2)];
    const encoding = `1${high}00${middle}0111${low} sssss 100 ddddd 1110011`;
    return mayBe(`mop.r.${n}`, 'R', encoding, 'rd, rs1', 'Write 0, unless an extension has given it a meaning.', zero);
  }),
  ...numbers(8).map((n) => {
    const encoding = `1${bits(n >> 2, 1)}00${bits(n & 3, 2)}1 ttttt sssss 100 ddddd 1110011`;
    const summary = 'Write 0, unless an extension has given it a meaning.';
    return mayBe(`mop.rr.${n}`, 'R', encoding, 'rd, rs1, rs2', summary, zero);
  }),
];

/** Zcmop: the like in 16 bits, which write nothing. */
export const zcmop: readonly Instruction[] = numbers(8).map((n) => {
  const summary = 'Nothing, unless an extension has given it a meaning.';
  return compressedMayBe(`c.mop.${2 * n + 1}`, 'none', `01100 ${bits(n, 3)} 1 0000001`, '', summary, control('hint'));
});
