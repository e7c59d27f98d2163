import type { DecodedInstruction, Expression } from '@worldswitch/isa';
import { FunctionWriter, Op, ValueType } from '../emission/emit.ts';

/**
 * Floating point by WebAssembly's own, which rounds to nearest even and keeps no flags. It is used where that cannot be seen:
 * the rounding mode is nearest even, the inexact flag is set already, and the result is such that no other flag can be raised
 * and no NaN arises: a normal number above the smallest exponent, or an exact zero. Everything else leaves for the reference
 * semantics before anything has changed.
 */
type Float = Extract<Expression, { readonly op: 'float' }>;

/** What the float operations need from the instruction's translation. */
export interface FloatContext {
  readonly writer: FunctionWriter;
  readonly decoded: DecodedInstruction;
  /** Pushes an expression's value as an f32 or f64. */
  pushFloat(expression: Expression, isSingle: boolean): void;
  /** Pushes an expression's value as an i64. */
  value(expression: Expression): void;
  /** A local variable of that type, free until the instruction ends. */
  temporary(type: ValueType): number;
  /** Takes an i32: when it is 0, the instruction is left to the reference semantics. */
  require(): void;
  /** Calls the correctly rounded a * b + c of doubles; a NaN means that it could not tell. */
  multiplyAdd(): void;
}

const DYNAMIC = 7;
const NEAREST_EVEN = 0;
const TOWARDS_ZERO = 1;

const arithmetic: Readonly<Record<string, readonly [single: number, double: number]>> = {
  add: [Op.f32Add, Op.f64Add],
  subtract: [Op.f32Sub, Op.f64Sub],
  multiply: [Op.f32Mul, Op.f64Mul],
  divide: [Op.f32Div, Op.f64Div],
  squareRoot: [Op.f32Sqrt, Op.f64Sqrt],
};
const comparisons: Readonly<Record<string, readonly [single: number, double: number]>> = {
  equal: [Op.f32Eq, Op.f64Eq],
  less: [Op.f32Lt, Op.f64Lt],
  lessEqual: [Op.f32Le, Op.f64Le],
};
const extrema: Readonly<Record<string, readonly [single: number, double: number]>> = {
  minimum: [Op.f32Min, Op.f64Min],
  maximum: [Op.f32Max, Op.f64Max],
};
const fromIntegers = new Set(['fromI64', 'fromU64']);
/** Exclusive bounds of what converts without the invalid flag, after rounding to an integer. */
const integerBounds: Readonly<Record<string, readonly [low: number, high: number]>> = {
  toI32: [-(2 ** 31) - 1, 2 ** 31],
  toU32: [-1, 2 ** 32],
  toI64: [-(2 ** 63) - 2048, 2 ** 63],
  toU64: [-1, 2 ** 63],
};

function nameOf({ operation }: Float): { isSingle: boolean; name: string } {
  const [format, name = ''] = operation.split('.');
  return { isSingle: format === 'f32', name };
}

/** Whether the operation's result depends on the rounding mode and may be inexact. */
export function isRounding(expression: Float): boolean {
  const { name } = nameOf(expression);
  return !(name in comparisons) && !(name in extrema);
}

/** Whether `writeFloat` knows the operation in the instruction's rounding mode. */
export function isFloatTranslatable(expression: Float, rm: number): boolean {
  const { isSingle, name } = nameOf(expression);
  if (name in comparisons || name in extrema) return true;
  if (name in integerBounds) return rm === TOWARDS_ZERO || rm === NEAREST_EVEN || rm === DYNAMIC;
  if (rm !== NEAREST_EVEN && rm !== DYNAMIC) return name === 'fromF32';
  if (name === 'multiplyAdd') return !isSingle;
  return name in arithmetic || fromIntegers.has(name) || name === 'fromF32' || name === 'fromF64';
}

/** Whether the operation's result is a floating-point number, of single precision or double. */
export function resultOf(expression: Float): 'single' | 'double' | 'integer' {
  const { isSingle, name } = nameOf(expression);
  if (name in comparisons || name in integerBounds) return 'integer';
  return isSingle ? 'single' : 'double';
}

/** Pushes the operation's result: an f32, f64 or i64 as `resultOf` says. */
export function writeFloat(expression: Float, context: FloatContext): void {
  const { isSingle, name } = nameOf(expression);
  const { writer } = context;
  const type = isSingle ? ValueType.f32 : ValueType.f64;
  const of = (pair: readonly [number, number]): number => pair[isSingle ? 0 : 1];
  const operand = (index: number): number => {
    const local = context.temporary(type);
    context.pushFloat(expression.args[index]!, isSingle);
    writer.set(local);
    return local;
  };
  const comparison = comparisons[name];
  if (comparison) {
    compare(name, operand(0), operand(1), isSingle, context);
    return;
  }
  if (name in extrema) {
    const [a, b] = [operand(0), operand(1)];
    requireNumbers(a, b, isSingle, context);
    writer.get(a).get(b).op(of(extrema[name]!));
    return;
  }
  const bounds = integerBounds[name];
  if (bounds) {
    toInteger(expression, isSingle, bounds, name === 'toU64', context);
    return;
  }
  if (fromIntegers.has(name)) {
    context.value(expression.args[0]!);
    const isSigned = name === 'fromI64';
    if (isSingle) writer.op(isSigned ? Op.f32ConvertI64S : Op.f32ConvertI64U);
    else writer.op(isSigned ? Op.f64ConvertI64S : Op.f64ConvertI64U);
    return;
  }
  if (name === 'fromF32') {
    // Exact for all numbers.
    const a = context.temporary(ValueType.f32);
    context.pushFloat(expression.args[0]!, true);
    writer.tee(a).get(a).op(Op.f32Eq);
    context.require();
    writer.get(a).op(Op.f64PromoteF32);
    return;
  }
  const result = context.temporary(type);
  if (name === 'fromF64') {
    context.pushFloat(expression.args[0]!, false);
    writer.op(Op.f32DemoteF64).set(result);
    requireNormal(result, isSingle, context);
  } else if (name === 'multiplyAdd') {
    for (const argument of expression.args) context.pushFloat(argument, false);
    context.multiplyAdd();
    writer.set(result);
    requireNormal(result, isSingle, context);
  } else {
    const operands = expression.args.map((_, index) => operand(index));
    for (const local of operands) writer.get(local);
    writer.op(of(arithmetic[name]!)).set(result);
    // Sums that are below the normal numbers are exact, and roots are never there.
    if (name === 'add' || name === 'subtract' || name === 'squareRoot') requireFinite(result, isSingle, context);
    // A product or quotient of zero is exact when it has a zero among its operands.
    else requireNormal(result, isSingle, context, operands[0], name === 'multiply' ? operands[1] : undefined);
  }
  writer.get(result);
}

function requireNumbers(a: number, b: number, isSingle: boolean, context: FloatContext): void {
  const isNumber = isSingle ? Op.f32Eq : Op.f64Eq;
  context.writer.get(a).get(a).op(isNumber).get(b).get(b).op(isNumber).op(Op.i32And);
  context.require();
}

/** Pushes the truth of a comparison. Only where it is false can there have been a NaN. */
function compare(name: string, a: number, b: number, isSingle: boolean, context: FloatContext): void {
  const { writer } = context;
  const opcode = (of: string): number => comparisons[of]![isSingle ? 0 : 1];
  const truth = context.temporary(ValueType.i32);
  writer.get(a).get(b).op(opcode(name)).tee(truth).op(Op.i32Eqz).open(Op.if);
  if (name === 'equal') requireNumbers(a, b, isSingle, context);
  else {
    writer
      .get(b)
      .get(a)
      .op(opcode(name === 'less' ? 'lessEqual' : 'less'));
    context.require();
  }
  writer.close();
  writer.get(truth).op(Op.i64ExtendI32U);
}

/** Requires a result that is neither infinite nor NaN: taken from itself, it leaves zero. */
function requireFinite(result: number, isSingle: boolean, context: FloatContext): void {
  const { writer } = context;
  writer.get(result).get(result);
  if (isSingle) writer.op(Op.f32Sub).f32(0).op(Op.f32Ge);
  else writer.op(Op.f64Sub).f64(0).op(Op.f64Ge);
  context.require();
}

/**
 * Requires a result that raises no flag but inexact: not the smallest normal exponent or below, not infinite, not NaN; or a
 * zero while one of the `zeros` is zero.
 */
function requireNormal(
  result: number,
  isSingle: boolean,
  context: FloatContext,
  ...zeros: readonly (number | undefined)[]
): void {
  const { writer } = context;
  if (isSingle)
    writer
      .get(result)
      .op(Op.i32ReinterpretF32)
      .i32(23)
      .op(Op.i32ShrU)
      .i32(0xff)
      .op(Op.i32And)
      .i32(2)
      .op(Op.i32Sub)
      .i32(0xfd);
  else {
    writer.get(result).op(Op.i64ReinterpretF64).i64(32).op(Op.i64ShrU).op(Op.i32WrapI64);
    writer
      .i32(1)
      .op(Op.i32Shl)
      .i32(-(2 << 21))
      .op(Op.i32Add)
      .i32(0x7fd << 21);
  }
  writer.op(Op.i32GeU).open(Op.if);
  const equal = isSingle ? Op.f32Eq : Op.f64Eq;
  const pushIsZero = (local: number): void => {
    writer.get(local);
    (isSingle ? writer.f32(0) : writer.f64(0)).op(equal);
  };
  const locals = zeros.filter((local) => local !== undefined);
  if (locals.length === 0) writer.i32(0);
  for (const [index, local] of locals.entries()) {
    pushIsZero(local);
    if (index > 0) writer.op(Op.i32Or);
  }
  if (locals.length > 0) {
    pushIsZero(result);
    writer.op(Op.i32And);
  }
  context.require();
  writer.close();
}

function toInteger(
  expression: Float,
  isSingle: boolean,
  [low, high]: readonly [number, number],
  isUnsigned: boolean,
  context: FloatContext,
): void {
  const { writer } = context;
  const rounded = context.temporary(ValueType.f64);
  context.pushFloat(expression.args[0]!, isSingle);
  if (isSingle) writer.op(Op.f64PromoteF32);
  writer.op(context.decoded.rm === TOWARDS_ZERO ? Op.f64Trunc : Op.f64Nearest).set(rounded);
  // Both comparisons fail for a NaN.
  writer.get(rounded).f64(low).op(Op.f64Gt).get(rounded).f64(high).op(Op.f64Lt).op(Op.i32And);
  context.require();
  writer.get(rounded).op(isUnsigned ? Op.i64TruncF64U : Op.i64TruncF64S);
}

/**
 * The function (a, b, c) -> a * b + c rounded once (S. Boldo, G. Melquiond, "Emulation of FMA and Correctly Rounded Sums:
 * Proved Algorithms Using Rounding to Odd"). The product and the sums are split into exact pairs; the small parts are added with
 * rounding to odd. Returns NaN where the splitting could overflow or lose bits.
 */
export function fusedMultiplyAdd(): FunctionWriter {
  const writer = new FunctionWriter(3);
  const [a, b, c] = [0, 1, 2];
  const local = (): number => writer.local(ValueType.f64);
  const inRange = (operand: number): void => {
    writer.get(operand).op(Op.i64ReinterpretF64).i64(52).op(Op.i64ShrU).op(Op.i32WrapI64).i32(0x7ff).op(Op.i32And);
    writer
      .i32(1023 - 450)
      .op(Op.i32Sub)
      .i32(901)
      .op(Op.i32LtU);
    writer.get(operand).f64(0).op(Op.f64Eq).op(Op.i32Or);
  };
  inRange(a);
  inRange(b);
  writer.op(Op.i32And);
  writer
    .get(c)
    .op(Op.f64Abs)
    .f64(2 ** 1000)
    .op(Op.f64Lt)
    .op(Op.i32And)
    .op(Op.i32Eqz)
    .open(Op.if);
  writer.f64(Number.NaN).op(Op.return);
  writer.close();
  /** Veltkamp's splitting into two halves of 26 bits. */
  const split = (operand: number): [number, number] => {
    const [scaled, high, low] = [local(), local(), local()];
    writer
      .get(operand)
      .f64(2 ** 27 + 1)
      .op(Op.f64Mul)
      .tee(scaled);
    writer.get(scaled).get(operand).op(Op.f64Sub).op(Op.f64Sub).set(high);
    writer.get(operand).get(high).op(Op.f64Sub).set(low);
    return [high, low];
  };
  /** Knuth's two-sum: the rounded sum and its error. */
  const twoSum = (x: number, y: number): [number, number] => {
    const [sum, part, error] = [local(), local(), local()];
    writer.get(x).get(y).op(Op.f64Add).tee(sum).get(x).op(Op.f64Sub).set(part);
    writer.get(x).get(sum).get(part).op(Op.f64Sub).op(Op.f64Sub);
    writer.get(y).get(part).op(Op.f64Sub).op(Op.f64Add).set(error);
    return [sum, error];
  };
  const [product, productError] = [local(), local()];
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  writer.get(a).get(b).op(Op.f64Mul).set(product);
  writer.get(aHigh).get(bHigh).op(Op.f64Mul).get(product).op(Op.f64Sub);
  writer.get(aHigh).get(bLow).op(Op.f64Mul).op(Op.f64Add);
  writer.get(aLow).get(bHigh).op(Op.f64Mul).op(Op.f64Add);
  writer.get(aLow).get(bLow).op(Op.f64Mul).op(Op.f64Add).set(productError);
  const [sum, sumError] = twoSum(c, productError);
  const [high, highError] = twoSum(product, sum);
  const [rest, restError] = twoSum(sumError, highError);
  const bits = writer.local(ValueType.i64);
  writer.get(rest).op(Op.i64ReinterpretF64).set(bits);
  // Round to odd: when something was lost and the last bit is even, step towards what was lost.
  writer.get(restError).f64(0).op(Op.f64Ne).get(bits).i64(1).op(Op.i64And).op(Op.i64Eqz).op(Op.i32And).open(Op.if);
  writer.get(bits).i64(1).i64(-1);
  writer.get(restError).f64(0).op(Op.f64Gt).get(rest).f64(0).op(Op.f64Lt).op(Op.i32Xor).op(Op.select);
  writer.op(Op.i64Add).set(bits);
  writer.close();
  writer.get(high).get(bits).op(Op.f64ReinterpretI64).op(Op.f64Add);
  return writer;
}
