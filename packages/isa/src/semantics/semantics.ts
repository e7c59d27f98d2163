import type {
  AccessWidth,
  AmoOperation,
  BinaryOperation,
  Expression,
  RegisterOperand,
  Statement,
  UnaryOperation,
} from '../instruction.ts';

/**
 * Builders for semantics, so that a row reads like the manual's sentence. They hold no state and add no meaning: each makes
 * one node of the tree, or a small composition that is written out where it stands.
 */
export const constant = (value: bigint): Expression => ({ op: 'constant', value: BigInt.asUintN(64, value) });
export const x = (operand: RegisterOperand): Expression => ({ op: 'x', operand });
export const f = (operand: RegisterOperand): Expression => ({ op: 'f', operand });
export const local = (name: string): Expression => ({ op: 'local', name });
export const immediate: Expression = { op: 'immediate' };
export const pc: Expression = { op: 'pc' };
export const nextPc: Expression = { op: 'nextPc' };
export const rs1 = x('rs1');
export const rs2 = x('rs2');

const binary =
  (op: BinaryOperation) =>
  (a: Expression, b: Expression): Expression => ({ op, a, b });
const unary =
  (op: UnaryOperation) =>
  (a: Expression): Expression => ({ op, a });

export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const multiplyHighSigned = binary('multiplyHighSigned');
export const multiplyHighUnsigned = binary('multiplyHighUnsigned');
export const multiplyHighSignedUnsigned = binary('multiplyHighSignedUnsigned');
export const divideSigned = binary('divideSigned');
export const divideUnsigned = binary('divideUnsigned');
export const remainderSigned = binary('remainderSigned');
export const remainderUnsigned = binary('remainderUnsigned');
export const carrylessMultiply = binary('carrylessMultiply');
export const carrylessMultiplyHigh = binary('carrylessMultiplyHigh');
export const and = binary('and');
export const or = binary('or');
export const xor = binary('xor');
export const shiftLeft = binary('shiftLeft');
export const shiftRightLogical = binary('shiftRightLogical');
export const shiftRightArithmetic = binary('shiftRightArithmetic');
export const equal = binary('equal');
export const notEqual = binary('notEqual');
export const lessSigned = binary('lessSigned');
export const lessUnsigned = binary('lessUnsigned');
export const greaterEqualSigned = binary('greaterEqualSigned');
export const greaterEqualUnsigned = binary('greaterEqualUnsigned');

export const not = unary('not');
export const negate = unary('negate');
export const countLeadingZeros = unary('countLeadingZeros');
export const countTrailingZeros = unary('countTrailingZeros');
export const populationCount = unary('populationCount');
export const reverseBytes = unary('reverseBytes');

export const signExtend = (bits: 8 | 16 | 32, a: Expression): Expression => ({ op: 'signExtend', bits, a });
export const zeroExtend = (bits: 8 | 16 | 32, a: Expression): Expression => ({ op: 'zeroExtend', bits, a });
/** The low 32 bits as a signed word: what every RV64 `*w` instruction writes. */
export const word = (a: Expression): Expression => signExtend(32, a);
/** A shift amount of a 32-bit shift: its low 5 bits. */
export const low5 = (a: Expression): Expression => and(a, constant(31n));
export const select = (condition: Expression, then: Expression, otherwise: Expression): Expression => ({
  op: 'select',
  condition,
  then,
  else: otherwise,
});
export const load = (width: AccessWidth, signed: boolean, address: Expression): Expression => ({
  op: 'load',
  width,
  signed,
  address,
});
export const float = (operation: string, ...args: readonly Expression[]): Expression => ({
  op: 'float',
  operation,
  args,
});

const boxOnes = constant(0xffff_ffff_0000_0000n);
/** A single-precision value as it stands in a 64-bit register (D extension, section "NaN Boxing of Narrower Values"). */
export const boxed = (single: Expression): Expression => or(boxOnes, zeroExtend(32, single));
/** The single-precision value in a 64-bit register: the canonical NaN unless the upper half is all ones. */
export const unboxed = (value: Expression): Expression =>
  select(equal(and(value, boxOnes), boxOnes), zeroExtend(32, value), constant(0x7fc0_0000n));

export const setX = (value: Expression): Statement => ({ kind: 'setX', value });
export const setF = (value: Expression): Statement => ({ kind: 'setF', value });
export const bind = (name: string, value: Expression): Statement => ({ kind: 'let', name, value });
export const store = (width: AccessWidth, address: Expression, value: Expression): Statement => ({
  kind: 'store',
  width,
  address,
  value,
});
export const jump = (target: Expression): Statement => ({ kind: 'jump', target });
export const branch = (condition: Expression, target: Expression): Statement => ({ kind: 'branch', condition, target });
export const control = (operation: string): Statement => ({ kind: 'control', operation });
export const amo = (
  operation: AmoOperation,
  width: 4 | 8,
  address: Expression,
  value: Expression,
  into: string,
  compare?: Expression,
): Statement => ({
  kind: 'amo',
  operation,
  width,
  address,
  value,
  into,
  ...(compare && { compare }),
});
export const loadReserved = (width: 4 | 8, address: Expression, into: string): Statement => ({
  kind: 'loadReserved',
  width,
  address,
  into,
});
export const storeConditional = (width: 4 | 8, address: Expression, value: Expression, into: string): Statement => ({
  kind: 'storeConditional',
  width,
  address,
  value,
  into,
});
