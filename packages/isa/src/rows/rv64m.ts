import type { Instruction } from '../instruction.ts';
import {
  divideSigned,
  divideUnsigned,
  multiply,
  multiplyHighSigned,
  multiplyHighSignedUnsigned,
  multiplyHighUnsigned,
  remainderSigned,
  remainderUnsigned,
  rs1,
  rs2,
  setX,
  word,
  zeroExtend,
} from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const multiplication = rowsOf('M', 'unprivileged', 'Multiplication Operations');
const division = rowsOf('M', 'unprivileged', 'Division Operations');

const signed1 = word(rs1);
const signed2 = word(rs2);
const unsigned1 = zeroExtend(32, rs1);
const unsigned2 = zeroExtend(32, rs2);

/** M (unprivileged ISA, "Extension for Integer Multiplication and Division"). Division by zero and overflow do not trap. */
// biome-ignore format: one row a line reads as the table that it is
export const rv64m: readonly Instruction[] = [
  multiplication('mul', 'R', '0000001 ttttt sssss 000 ddddd 0110011', 'rd, rs1, rs2', 'Multiply, low 64 bits of the product.', setX(multiply(rs1, rs2))),
  multiplication('mulh', 'R', '0000001 ttttt sssss 001 ddddd 0110011', 'rd, rs1, rs2', 'Multiply signed, high 64 bits of the product.', setX(multiplyHighSigned(rs1, rs2))),
  multiplication('mulhsu', 'R', '0000001 ttttt sssss 010 ddddd 0110011', 'rd, rs1, rs2', 'Multiply signed by unsigned, high 64 bits of the product.', setX(multiplyHighSignedUnsigned(rs1, rs2))),
  multiplication('mulhu', 'R', '0000001 ttttt sssss 011 ddddd 0110011', 'rd, rs1, rs2', 'Multiply unsigned, high 64 bits of the product.', setX(multiplyHighUnsigned(rs1, rs2))),
  multiplication('mulw', 'R', '0000001 ttttt sssss 000 ddddd 0111011', 'rd, rs1, rs2', 'Multiply, 32-bit.', setX(word(multiply(rs1, rs2)))),
  division('div', 'R', '0000001 ttttt sssss 100 ddddd 0110011', 'rd, rs1, rs2', 'Divide signed, rounding towards zero; by zero gives -1.', setX(divideSigned(rs1, rs2))),
  division('divu', 'R', '0000001 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Divide unsigned; by zero gives all ones.', setX(divideUnsigned(rs1, rs2))),
  division('rem', 'R', '0000001 ttttt sssss 110 ddddd 0110011', 'rd, rs1, rs2', 'Remainder signed, with the dividend\'s sign; by zero gives the dividend.', setX(remainderSigned(rs1, rs2))),
  division('remu', 'R', '0000001 ttttt sssss 111 ddddd 0110011', 'rd, rs1, rs2', 'Remainder unsigned; by zero gives the dividend.', setX(remainderUnsigned(rs1, rs2))),
  division('divw', 'R', '0000001 ttttt sssss 100 ddddd 0111011', 'rd, rs1, rs2', 'Divide signed, 32-bit.', setX(word(divideSigned(signed1, signed2)))),
  division('divuw', 'R', '0000001 ttttt sssss 101 ddddd 0111011', 'rd, rs1, rs2', 'Divide unsigned, 32-bit.', setX(word(divideUnsigned(unsigned1, unsigned2)))),
  division('remw', 'R', '0000001 ttttt sssss 110 ddddd 0111011', 'rd, rs1, rs2', 'Remainder signed, 32-bit.', setX(word(remainderSigned(signed1, signed2)))),
  division('remuw', 'R', '0000001 ttttt sssss 111 ddddd 0111011', 'rd, rs1, rs2', 'Remainder unsigned, 32-bit.', setX(word(remainderUnsigned(unsigned1, unsigned2)))),
];
