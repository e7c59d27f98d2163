import type { Instruction } from '../instruction.ts';
import { constant, equal, notEqual, rs1, rs2, select, setX } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const conditional = rowsOf('Zicond', 'unprivileged', 'Extension for Integer Conditional Operations');
const zero = constant(0n);

/** Zicond (unprivileged ISA, "Extension for Integer Conditional Operations"). */
// biome-ignore format: one row a line reads as the table that it is
export const zicond: readonly Instruction[] = [
  conditional('czero.eqz', 'R', '0000111 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Zero if rs2 is zero, else rs1.', setX(select(equal(rs2, zero), zero, rs1))),
  conditional('czero.nez', 'R', '0000111 ttttt sssss 111 ddddd 0110011', 'rd, rs1, rs2', 'Zero if rs2 is not zero, else rs1.', setX(select(notEqual(rs2, zero), zero, rs1))),
];
