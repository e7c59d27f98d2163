import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';

/** Integer operations for which WebAssembly has no instruction of the same meaning. Operands are local variables (i64). */

const divisionOpcodes = {
  divideSigned: Op.i64DivS,
  divideUnsigned: Op.i64DivU,
  remainderSigned: Op.i64RemS,
  remainderUnsigned: Op.i64RemU,
} as const;

/** RISC-V division never traps: the two exceptional divisors, 0 and -1, are kept from WebAssembly's. Pushes the result. */
export function writeDivision(
  writer: FunctionWriter,
  operation: keyof typeof divisionOpcodes,
  a: number,
  b: number,
): void {
  const isSigned = operation === 'divideSigned' || operation === 'remainderSigned';
  const isRemainder = operation === 'remainderSigned' || operation === 'remainderUnsigned';
  if (isSigned) writer.get(b).i64(1).op(Op.i64Add).i64(1).op(Op.i64LeU);
  else writer.get(b).op(Op.i64Eqz);
  writer.open(Op.if, ValueType.i64);
  if (isSigned) {
    // b is 0 or -1: a / 0 = -1, a / -1 = -a; a % 0 = a, a % -1 = 0.
    if (isRemainder) writer.get(a).i64(0);
    else writer.i64(-1).i64(0).get(a).op(Op.i64Sub);
    writer.get(b).op(Op.i64Eqz).op(Op.select);
  } else if (isRemainder) writer.get(a);
  else writer.i64(-1);
  writer.otherwise().get(a).get(b).op(divisionOpcodes[operation]).close();
}

/**
 * Pushes the high half of the 128-bit product, by four 32-bit products; signed variants correct the unsigned one.
 * @param middle a local variable to use.
 */
export function writeMultiplyHigh(
  writer: FunctionWriter,
  operation: 'multiplyHighUnsigned' | 'multiplyHighSigned' | 'multiplyHighSignedUnsigned',
  a: number,
  b: number,
  middle: number,
): void {
  const low = (local: number) => writer.get(local).i64(0xffff_ffffn).op(Op.i64And);
  const high = (local: number) => writer.get(local).i64(32).op(Op.i64ShrU);
  // middle = aHigh * bLow + (aLow * bLow >> 32)
  high(a);
  low(b).op(Op.i64Mul);
  low(a);
  low(b).op(Op.i64Mul).i64(32).op(Op.i64ShrU).op(Op.i64Add).set(middle);
  // result = aHigh * bHigh + (middle >> 32) + ((aLow * bHigh + low(middle)) >> 32)
  high(a);
  high(b).op(Op.i64Mul);
  high(middle).op(Op.i64Add);
  low(a);
  high(b).op(Op.i64Mul);
  low(middle).op(Op.i64Add).i64(32).op(Op.i64ShrU).op(Op.i64Add);
  if (operation !== 'multiplyHighUnsigned') {
    writer.get(a).i64(63).op(Op.i64ShrS).get(b).op(Op.i64And).op(Op.i64Sub);
  }
  if (operation === 'multiplyHighSigned') {
    writer.get(b).i64(63).op(Op.i64ShrS).get(a).op(Op.i64And).op(Op.i64Sub);
  }
}

/** Pushes the value with its bytes in the other order; the local variable changes. */
export function writeReverseBytes(writer: FunctionWriter, value: number): void {
  // Swaps bytes in halfwords, halfwords in words, and the words.
  const swap = (shift: number, mask: bigint) => {
    writer.get(value).i64(shift).op(Op.i64ShrU).i64(mask).op(Op.i64And);
    writer.get(value).i64(mask).op(Op.i64And).i64(shift).op(Op.i64Shl).op(Op.i64Or).set(value);
  };
  swap(8, 0x00ff_00ff_00ff_00ffn);
  swap(16, 0x0000_ffff_0000_ffffn);
  writer.get(value).i64(32).op(Op.i64Rotl);
}
