import type { Expression, Instruction } from '../instruction.ts';
import {
  add,
  and,
  bind,
  carrylessMultiply,
  carrylessMultiplyHigh,
  constant,
  countLeadingZeros,
  countTrailingZeros,
  immediate,
  lessSigned,
  lessUnsigned,
  local,
  low5,
  multiply,
  negate,
  not,
  or,
  populationCount,
  reverseBytes,
  rs1,
  rs2,
  select,
  setX,
  shiftLeft,
  shiftRightLogical,
  signExtend,
  subtract,
  word,
  xor,
  zeroExtend,
} from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const one = constant(1n);
const unsignedWord = zeroExtend(32, rs1);

const address = rowsOf('Zba', 'unprivileged', 'Extension for Address Generation');
const shiftAdd = (amount: 1 | 2 | 3, funct3: string): Instruction[] => {
  const name = `sh${amount}add`;
  const scaled = (index: Expression): Expression => add(shiftLeft(index, constant(BigInt(amount))), rs2);
  const what = `Shift rs1 left by ${amount} and add rs2`;
  return [
    address(name, 'R', `0010000 ttttt sssss ${funct3} ddddd 0110011`, 'rd, rs1, rs2', `${what}.`, setX(scaled(rs1))),
    address(
      `${name}.uw`,
      'R',
      `0010000 ttttt sssss ${funct3} ddddd 0111011`,
      'rd, rs1, rs2',
      `${what}; rs1 is an unsigned word.`,
      setX(scaled(unsignedWord)),
    ),
  ];
};

/** Zba (unprivileged ISA, "Extension for Address Generation"). */
// biome-ignore format: one row a line reads as the table that it is
export const zba: readonly Instruction[] = [
  address('add.uw', 'R', '0000100 ttttt sssss 000 ddddd 0111011', 'rd, rs1, rs2', 'Add the unsigned word rs1 to rs2.', setX(add(unsignedWord, rs2))),
  ...shiftAdd(1, '010'),
  ...shiftAdd(2, '100'),
  ...shiftAdd(3, '110'),
  address('slli.uw', 'shift', '000010 iiiiii sssss 001 ddddd 0011011', 'rd, rs1, shamt', 'Shift the unsigned word rs1 left by immediate.', setX(shiftLeft(unsignedWord, immediate))),
];

const negateLogic = rowsOf('Zbb', 'unprivileged', 'Logical with negate');
const zeroCount = rowsOf('Zbb', 'unprivileged', 'Count leading/trailing zero bits');
const bitCount = rowsOf('Zbb', 'unprivileged', 'Count population');
const extremum = rowsOf('Zbb', 'unprivileged', 'Integer minimum/maximum');
const extension = rowsOf('Zbb', 'unprivileged', 'Sign extension and zero extension');
const rotation = rowsOf('Zbb', 'unprivileged', 'Bitwise rotation');
const bytes = rowsOf('Zbb', 'unprivileged', 'OR Combine');
const byteReverse = rowsOf('Zbb', 'unprivileged', 'Byte-reverse');

// Shift amounts count modulo 64, so the opposite amount is the negative one.
const rotateRight = (amount: Expression): Expression =>
  or(shiftRightLogical(rs1, amount), shiftLeft(rs1, negate(amount)));
const rotateLeft = (amount: Expression): Expression =>
  or(shiftLeft(rs1, amount), shiftRightLogical(rs1, negate(amount)));
const rotateWordRight = (amount: Expression): Expression =>
  word(or(shiftRightLogical(unsignedWord, low5(amount)), shiftLeft(unsignedWord, low5(negate(amount)))));
const rotateWordLeft = (amount: Expression): Expression =>
  word(or(shiftLeft(unsignedWord, low5(amount)), shiftRightLogical(unsignedWord, low5(negate(amount)))));

const low7 = constant(0x7f7f_7f7f_7f7f_7f7fn);
const bit7 = constant(0x8080_8080_8080_8080n);

/** Zbb (unprivileged ISA, "Extension for Basic Bit Manipulation"). */
// biome-ignore format: one row a line reads as the table that it is
export const zbb: readonly Instruction[] = [
  negateLogic('andn', 'R', '0100000 ttttt sssss 111 ddddd 0110011', 'rd, rs1, rs2', 'And with the complement of rs2.', setX(and(rs1, not(rs2)))),
  negateLogic('orn', 'R', '0100000 ttttt sssss 110 ddddd 0110011', 'rd, rs1, rs2', 'Or with the complement of rs2.', setX(or(rs1, not(rs2)))),
  negateLogic('xnor', 'R', '0100000 ttttt sssss 100 ddddd 0110011', 'rd, rs1, rs2', 'Complement of the exclusive or.', setX(not(xor(rs1, rs2)))),
  zeroCount('clz', 'R', '0110000 00000 sssss 001 ddddd 0010011', 'rd, rs1', 'Count leading zeros.', setX(countLeadingZeros(rs1))),
  zeroCount('clzw', 'R', '0110000 00000 sssss 001 ddddd 0011011', 'rd, rs1', 'Count leading zeros of the low word.', setX(subtract(countLeadingZeros(unsignedWord), constant(32n)))),
  zeroCount('ctz', 'R', '0110000 00001 sssss 001 ddddd 0010011', 'rd, rs1', 'Count trailing zeros.', setX(countTrailingZeros(rs1))),
  zeroCount('ctzw', 'R', '0110000 00001 sssss 001 ddddd 0011011', 'rd, rs1', 'Count trailing zeros of the low word.', setX(countTrailingZeros(or(rs1, constant(1n << 32n))))),
  bitCount('cpop', 'R', '0110000 00010 sssss 001 ddddd 0010011', 'rd, rs1', 'Count set bits.', setX(populationCount(rs1))),
  bitCount('cpopw', 'R', '0110000 00010 sssss 001 ddddd 0011011', 'rd, rs1', 'Count set bits of the low word.', setX(populationCount(unsignedWord))),
  extremum('max', 'R', '0000101 ttttt sssss 110 ddddd 0110011', 'rd, rs1, rs2', 'Maximum, signed.', setX(select(lessSigned(rs1, rs2), rs2, rs1))),
  extremum('maxu', 'R', '0000101 ttttt sssss 111 ddddd 0110011', 'rd, rs1, rs2', 'Maximum, unsigned.', setX(select(lessUnsigned(rs1, rs2), rs2, rs1))),
  extremum('min', 'R', '0000101 ttttt sssss 100 ddddd 0110011', 'rd, rs1, rs2', 'Minimum, signed.', setX(select(lessSigned(rs1, rs2), rs1, rs2))),
  extremum('minu', 'R', '0000101 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Minimum, unsigned.', setX(select(lessUnsigned(rs1, rs2), rs1, rs2))),
  extension('sext.b', 'R', '0110000 00100 sssss 001 ddddd 0010011', 'rd, rs1', 'Sign-extend the low byte.', setX(signExtend(8, rs1))),
  extension('sext.h', 'R', '0110000 00101 sssss 001 ddddd 0010011', 'rd, rs1', 'Sign-extend the low halfword.', setX(signExtend(16, rs1))),
  extension('zext.h', 'R', '0000100 00000 sssss 100 ddddd 0111011', 'rd, rs1', 'Zero-extend the low halfword.', setX(zeroExtend(16, rs1))),
  rotation('rol', 'R', '0110000 ttttt sssss 001 ddddd 0110011', 'rd, rs1, rs2', 'Rotate left by the low 6 bits of rs2.', setX(rotateLeft(rs2))),
  rotation('rolw', 'R', '0110000 ttttt sssss 001 ddddd 0111011', 'rd, rs1, rs2', 'Rotate the low word left by the low 5 bits of rs2.', setX(rotateWordLeft(rs2))),
  rotation('ror', 'R', '0110000 ttttt sssss 101 ddddd 0110011', 'rd, rs1, rs2', 'Rotate right by the low 6 bits of rs2.', setX(rotateRight(rs2))),
  rotation('rori', 'shift', '011000 iiiiii sssss 101 ddddd 0010011', 'rd, rs1, shamt', 'Rotate right by immediate.', setX(rotateRight(immediate))),
  rotation('roriw', 'shift.w', '0110000 iiiii sssss 101 ddddd 0011011', 'rd, rs1, shamt', 'Rotate the low word right by immediate.', setX(rotateWordRight(immediate))),
  rotation('rorw', 'R', '0110000 ttttt sssss 101 ddddd 0111011', 'rd, rs1, rs2', 'Rotate the low word right by the low 5 bits of rs2.', setX(rotateWordRight(rs2))),
  // Bit 7 of each byte of `any` is set if the byte has any bit set; it then becomes 0xff.
  bytes('orc.b', 'R', '001010000111 sssss 101 ddddd 0010011', 'rd, rs1', 'Each byte becomes 0xff if any of its bits is set.', [bind('any', and(or(add(and(rs1, low7), low7), rs1), bit7)), setX(multiply(shiftRightLogical(local('any'), constant(7n)), constant(0xffn)))]),
  byteReverse('rev8', 'R', '011010111000 sssss 101 ddddd 0010011', 'rd, rs1', 'Reverse the order of bytes.', setX(reverseBytes(rs1))),
];

const carryless = rowsOf('Zbc', 'unprivileged', 'Extension for Carry-less Multiplication');

/** Zbc (unprivileged ISA, "Extension for Carry-less Multiplication"). */
// biome-ignore format: one row a line reads as the table that it is
export const zbc: readonly Instruction[] = [
  carryless('clmul', 'R', '0000101 ttttt sssss 001 ddddd 0110011', 'rd, rs1, rs2', 'Carry-less multiply, low 64 bits of the product.', setX(carrylessMultiply(rs1, rs2))),
  carryless('clmulr', 'R', '0000101 ttttt sssss 010 ddddd 0110011', 'rd, rs1, rs2', 'Carry-less multiply, bits 126 to 63 of the product.', setX(or(shiftLeft(carrylessMultiplyHigh(rs1, rs2), one), shiftRightLogical(carrylessMultiply(rs1, rs2), constant(63n))))),
  carryless('clmulh', 'R', '0000101 ttttt sssss 011 ddddd 0110011', 'rd, rs1, rs2', 'Carry-less multiply, high 64 bits of the product.', setX(carrylessMultiplyHigh(rs1, rs2))),
];

const singleBit = rowsOf('Zbs', 'unprivileged', 'Extension for Single-Bit Manipulation');
const bitRows = (
  name: string,
  funct6: string,
  funct3: string,
  summary: string,
  meaning: (index: Expression) => Expression,
): Instruction[] => [
  singleBit(
    name,
    'R',
    `${funct6}0 ttttt sssss ${funct3} ddddd 0110011`,
    'rd, rs1, rs2',
    `${summary} that rs2 numbers.`,
    setX(meaning(rs2)),
  ),
  singleBit(
    `${name}i`,
    'shift',
    `${funct6} iiiiii sssss ${funct3} ddddd 0010011`,
    'rd, rs1, shamt',
    `${summary} that the immediate numbers.`,
    setX(meaning(immediate)),
  ),
];

/** Zbs (unprivileged ISA, "Extension for Single-Bit Manipulation"). */
export const zbs: readonly Instruction[] = [
  ...bitRows('bclr', '010010', '001', 'Clear the bit', (index) => and(rs1, not(shiftLeft(one, index)))),
  ...bitRows('bext', '010010', '101', 'Extract the bit', (index) => and(shiftRightLogical(rs1, index), one)),
  ...bitRows('binv', '011010', '001', 'Invert the bit', (index) => xor(rs1, shiftLeft(one, index))),
  ...bitRows('bset', '001010', '001', 'Set the bit', (index) => or(rs1, shiftLeft(one, index))),
];
