import { IsaError } from '../isa-error.ts';
import {
  bitLength,
  FloatFlag,
  type FloatFormat,
  type FloatResult,
  f32,
  f64,
  isNotANumber,
  isZero,
  RoundingMode,
  roundShifted,
  roundToFormat,
  type Unpacked,
  unpack,
} from './float-format.ts';

/**
 * The floating-point operations that rows name, bit-exact (unprivileged ISA, F and D extensions; IEEE 754-2019). Arguments and
 * results are bit patterns in the format's width, without NaN boxing, or integers as 64-bit vectors.
 */
type FloatOperation = (args: readonly bigint[], mode: RoundingMode) => FloatResult;

const exact = (value: bigint): FloatResult => ({ value, flags: 0 });
const truth = (value: boolean, flags = 0): FloatResult => ({ value: value ? 1n : 0n, flags });

/** The result when an operand is a NaN: canonical, invalid if any of them is signaling. */
function propagateNaN(format: FloatFormat, ...operands: readonly Unpacked[]): FloatResult | undefined {
  if (!operands.some(isNotANumber)) return undefined;
  const isSignaling = operands.some(({ kind }) => kind === 'signaling');
  return { value: format.canonicalNaN, flags: isSignaling ? FloatFlag.invalid : 0 };
}

const invalid = (format: FloatFormat): FloatResult => ({ value: format.canonicalNaN, flags: FloatFlag.invalid });
const infinity = (format: FloatFormat, isNegative: boolean): FloatResult =>
  exact(format.infinity | (isNegative ? format.signBit : 0n));

/** The sum of two exact finite numbers, rounded once. */
function sumFinite(format: FloatFormat, a: Unpacked, b: Unpacked, mode: RoundingMode): FloatResult {
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = ({ isNegative, significand, exponent: own }: Unpacked): bigint => {
    const magnitude = significand << BigInt(own - exponent);
    return isNegative ? -magnitude : magnitude;
  };
  const sum = aligned(a) + aligned(b);
  if (sum === 0n) {
    // An exact zero sum of different signs is +0, or -0 when rounding down (IEEE 754, 6.3).
    const isNegative = a.isNegative === b.isNegative ? a.isNegative : mode === RoundingMode.down;
    return exact(isNegative ? format.signBit : 0n);
  }
  return roundToFormat(format, { isNegative: sum < 0n, significand: sum < 0n ? -sum : sum, exponent }, mode);
}

function addUnpacked(format: FloatFormat, a: Unpacked, b: Unpacked, mode: RoundingMode): FloatResult {
  const nan = propagateNaN(format, a, b);
  if (nan) return nan;
  if (a.kind === 'infinity' && b.kind === 'infinity' && a.isNegative !== b.isNegative) return invalid(format);
  if (a.kind === 'infinity') return infinity(format, a.isNegative);
  if (b.kind === 'infinity') return infinity(format, b.isNegative);
  return sumFinite(format, a, b, mode);
}

function multiplyExact(a: Unpacked, b: Unpacked): Unpacked {
  return {
    kind: 'finite',
    isNegative: a.isNegative !== b.isNegative,
    significand: a.significand * b.significand,
    exponent: a.exponent + b.exponent,
  };
}

const isInfiniteTimesZero = (a: Unpacked, b: Unpacked): boolean =>
  (a.kind === 'infinity' && isZero(b)) || (b.kind === 'infinity' && isZero(a));

function multiply(format: FloatFormat, a: Unpacked, b: Unpacked, mode: RoundingMode): FloatResult {
  const nan = propagateNaN(format, a, b);
  if (nan) return nan;
  if (isInfiniteTimesZero(a, b)) return invalid(format);
  if (a.kind === 'infinity' || b.kind === 'infinity') return infinity(format, a.isNegative !== b.isNegative);
  return roundToFormat(format, multiplyExact(a, b), mode);
}

function multiplyAdd(format: FloatFormat, a: Unpacked, b: Unpacked, c: Unpacked, mode: RoundingMode): FloatResult {
  // Infinity times zero is invalid even if the addend is a quiet NaN (F extension, computational instructions).
  if (isInfiniteTimesZero(a, b)) return invalid(format);
  const nan = propagateNaN(format, a, b, c);
  if (nan) return nan;
  if (a.kind === 'infinity' || b.kind === 'infinity') {
    const product: Unpacked = {
      kind: 'infinity',
      isNegative: a.isNegative !== b.isNegative,
      significand: 0n,
      exponent: 0,
    };
    return addUnpacked(format, product, c, mode);
  }
  return addUnpacked(format, multiplyExact(a, b), c, mode);
}

function divide(format: FloatFormat, a: Unpacked, b: Unpacked, mode: RoundingMode): FloatResult {
  const nan = propagateNaN(format, a, b);
  if (nan) return nan;
  const isNegative = a.isNegative !== b.isNegative;
  if (a.kind === 'infinity') return b.kind === 'infinity' ? invalid(format) : infinity(format, isNegative);
  if (b.kind === 'infinity') return exact(isNegative ? format.signBit : 0n);
  if (isZero(b)) {
    return isZero(a) ? invalid(format) : { ...infinity(format, isNegative), flags: FloatFlag.divideByZero };
  }
  // Enough quotient bits for rounding whatever the operands' lengths are.
  const shift = format.precision + 2 + Math.max(0, bitLength(b.significand) - bitLength(a.significand) + 1);
  const dividend = a.significand << BigInt(shift);
  const significand = dividend / b.significand;
  const hasMore = significand * b.significand !== dividend;
  return roundToFormat(format, { isNegative, significand, exponent: a.exponent - b.exponent - shift, hasMore }, mode);
}

/** The integer square root by Newton's iteration from above. */
function integerSquareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function squareRoot(format: FloatFormat, a: Unpacked, bits: bigint, mode: RoundingMode): FloatResult {
  const nan = propagateNaN(format, a);
  if (nan) return nan;
  if (isZero(a)) return exact(bits);
  if (a.isNegative) return invalid(format);
  if (a.kind === 'infinity') return exact(bits);
  let shift = 2 * format.precision + 6 - bitLength(a.significand);
  if ((a.exponent - shift) % 2 !== 0) shift++;
  const radicand = a.significand << BigInt(shift);
  const significand = integerSquareRoot(radicand);
  const hasMore = significand * significand !== radicand;
  return roundToFormat(format, { isNegative: false, significand, exponent: (a.exponent - shift) / 2, hasMore }, mode);
}

/** Bit patterns of numbers in numeric order; the two zeros differ by one. */
function orderKey(format: FloatFormat, bits: bigint): bigint {
  const magnitude = bits & ~format.signBit;
  return (bits & format.signBit) !== 0n ? -magnitude - 1n : magnitude;
}

/** minimumNumber and maximumNumber of IEEE 754-2019: a NaN loses against a number, -0 is less than +0. */
function extremum(format: FloatFormat, aBits: bigint, bBits: bigint, takesSmaller: boolean): FloatResult {
  const a = unpack(format, aBits);
  const b = unpack(format, bBits);
  const flags = a.kind === 'signaling' || b.kind === 'signaling' ? FloatFlag.invalid : 0;
  if (isNotANumber(a)) return { value: isNotANumber(b) ? format.canonicalNaN : bBits, flags };
  if (isNotANumber(b)) return { value: aBits, flags };
  const isSmaller = orderKey(format, aBits) < orderKey(format, bBits);
  return { value: isSmaller === takesSmaller ? aBits : bBits, flags };
}

/** minimum and maximum of IEEE 754-2019: a NaN wins, -0 is less than +0. */
function extremumOrNaN(format: FloatFormat, a: bigint, b: bigint, takesSmaller: boolean): FloatResult {
  return propagateNaN(format, unpack(format, a), unpack(format, b)) ?? extremum(format, a, b, takesSmaller);
}

/** roundToIntegral and, with `isExact`, roundToIntegralExact of IEEE 754: the result keeps the sign, of zero too. */
function roundToIntegral(format: FloatFormat, bits: bigint, mode: RoundingMode, isExact: boolean): FloatResult {
  const a = unpack(format, bits);
  const nan = propagateNaN(format, a);
  if (nan) return nan;
  if (a.kind === 'infinity' || isZero(a)) return exact(bits);
  const { integer, isInexact } = roundShifted(a, -a.exponent, mode);
  // Exact, for a number of the format above its precision is an integer already.
  const { value } = roundToFormat(format, { isNegative: a.isNegative, significand: integer, exponent: 0 }, mode);
  return { value, flags: isExact && isInexact ? FloatFlag.inexact : 0 };
}

/** Truncates and keeps the low 32 bits; the flags are those of the saturating conversion. */
function toI32Modular(a: Unpacked): FloatResult {
  const { flags } = toInteger(a, 32, true, RoundingMode.towardZero);
  if (a.kind !== 'finite') return { value: 0n, flags };
  const { integer } = roundShifted(a, -a.exponent, RoundingMode.towardZero);
  return { value: BigInt.asUintN(32, a.isNegative ? -integer : integer), flags };
}

/** The 32 constants of fli (Zfa, table "Immediate values loaded by the FLI.S instruction"). */
function loadConstant(format: FloatFormat, index: number): bigint {
  const bias = 2 - format.minimumExponent - format.precision;
  const power = (exponent: number, quarters = 0n): bigint =>
    (BigInt(bias + exponent) << format.fractionBits) | (quarters << (format.fractionBits - 2n));
  if (index === 0) return format.signBit | power(0);
  if (index === 1) return 1n << format.fractionBits;
  if (index === 30) return format.infinity;
  if (index === 31) return format.canonicalNaN;
  // From 1/4 to 3 in steps of a quarter of the binade, outside of that powers of two.
  if (index >= 8 && index <= 22) return power((index >> 2) - 4, BigInt(index & 3));
  return power([-16, -15, -8, -7, -4, -3][index - 2] ?? ([2, 3, 4, 7, 8, 15, 16][index - 23] as number));
}

function compare(
  format: FloatFormat,
  aBits: bigint,
  bBits: bigint,
  relation: 'equal' | 'less' | 'lessEqual',
  isQuiet = relation === 'equal',
): FloatResult {
  const a = unpack(format, aBits);
  const b = unpack(format, bBits);
  if (isNotANumber(a) || isNotANumber(b)) {
    // A quiet comparison, as equality always is, finds only signaling NaNs invalid.
    const isInvalid = !isQuiet || a.kind === 'signaling' || b.kind === 'signaling';
    return truth(false, isInvalid ? FloatFlag.invalid : 0);
  }
  const isEqual = aBits === bBits || (isZero(a) && isZero(b));
  if (relation === 'equal') return truth(isEqual);
  if (isEqual) return truth(relation === 'lessEqual');
  return truth(orderKey(format, aBits) < orderKey(format, bBits));
}

/** The ten classes (F extension, table "Format of result of FCLASS instruction"). */
function classify(format: FloatFormat, bits: bigint): FloatResult {
  const a = unpack(format, bits);
  if (a.kind === 'signaling') return exact(1n << 8n);
  if (a.kind === 'quiet') return exact(1n << 9n);
  const isSubnormal = a.significand >> format.fractionBits === 0n;
  const magnitude = a.kind === 'infinity' ? 3 : isZero(a) ? 0 : isSubnormal ? 1 : 2;
  return exact(1n << BigInt(a.isNegative ? 3 - magnitude : 4 + magnitude));
}

/** Rounds to an integer; outside of the range, and for NaN, the nearest bound and the invalid flag. */
function toInteger(a: Unpacked, bits: number, isSigned: boolean, mode: RoundingMode): FloatResult {
  const minimum = isSigned ? -(1n << BigInt(bits - 1)) : 0n;
  const maximum = isSigned ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const pattern = (value: bigint): bigint => BigInt.asUintN(64, value);
  if (isNotANumber(a)) return { value: pattern(maximum), flags: FloatFlag.invalid };
  if (a.kind === 'infinity') return { value: pattern(a.isNegative ? minimum : maximum), flags: FloatFlag.invalid };
  const { integer, isInexact } = roundShifted(a, -a.exponent, mode);
  const value = a.isNegative ? -integer : integer;
  if (value < minimum || value > maximum) {
    return { value: pattern(a.isNegative ? minimum : maximum), flags: FloatFlag.invalid };
  }
  return { value: pattern(value), flags: isInexact ? FloatFlag.inexact : 0 };
}

function fromInteger(format: FloatFormat, value: bigint, mode: RoundingMode): FloatResult {
  const isNegative = value < 0n;
  return roundToFormat(format, { isNegative, significand: isNegative ? -value : value, exponent: 0 }, mode);
}

function convert(from: FloatFormat, to: FloatFormat, bits: bigint, mode: RoundingMode): FloatResult {
  const a = unpack(from, bits);
  const nan = propagateNaN(to, a);
  if (nan) return nan;
  return a.kind === 'infinity' ? infinity(to, a.isNegative) : roundToFormat(to, a, mode);
}

function operationsOf(format: FloatFormat): Readonly<Record<string, FloatOperation>> {
  const open = (bits: bigint | undefined): Unpacked => unpack(format, bits ?? 0n);
  const other = format === f32 ? f64 : f32;
  return {
    add: ([a, b], mode) => addUnpacked(format, open(a), open(b), mode),
    subtract: ([a, b = 0n], mode) => addUnpacked(format, open(a), open(b ^ format.signBit), mode),
    multiply: ([a, b], mode) => multiply(format, open(a), open(b), mode),
    divide: ([a, b], mode) => divide(format, open(a), open(b), mode),
    squareRoot: ([a = 0n], mode) => squareRoot(format, open(a), a, mode),
    multiplyAdd: ([a, b, c], mode) => multiplyAdd(format, open(a), open(b), open(c), mode),
    minimum: ([a = 0n, b = 0n]) => extremum(format, a, b, true),
    maximum: ([a = 0n, b = 0n]) => extremum(format, a, b, false),
    equal: ([a = 0n, b = 0n]) => compare(format, a, b, 'equal'),
    less: ([a = 0n, b = 0n]) => compare(format, a, b, 'less'),
    lessEqual: ([a = 0n, b = 0n]) => compare(format, a, b, 'lessEqual'),
    minimumOrNaN: ([a = 0n, b = 0n]) => extremumOrNaN(format, a, b, true),
    maximumOrNaN: ([a = 0n, b = 0n]) => extremumOrNaN(format, a, b, false),
    lessQuiet: ([a = 0n, b = 0n]) => compare(format, a, b, 'less', true),
    lessEqualQuiet: ([a = 0n, b = 0n]) => compare(format, a, b, 'lessEqual', true),
    roundToIntegral: ([a = 0n], mode) => roundToIntegral(format, a, mode, false),
    roundToIntegralExact: ([a = 0n], mode) => roundToIntegral(format, a, mode, true),
    toI32Modular: ([a]) => toI32Modular(open(a)),
    loadConstant: ([index = 0n]) => exact(loadConstant(format, Number(index))),
    classify: ([a = 0n]) => classify(format, a),
    toI32: ([a], mode) => toInteger(open(a), 32, true, mode),
    toU32: ([a], mode) => toInteger(open(a), 32, false, mode),
    toI64: ([a], mode) => toInteger(open(a), 64, true, mode),
    toU64: ([a], mode) => toInteger(open(a), 64, false, mode),
    fromI64: ([a = 0n], mode) => fromInteger(format, BigInt.asIntN(64, a), mode),
    fromU64: ([a = 0n], mode) => fromInteger(format, a, mode),
    [`from${other.name.toUpperCase()}`]: ([a = 0n], mode) => convert(other, format, a, mode),
  };
}

const operations: ReadonlyMap<string, FloatOperation> = new Map(
  [f32, f64].flatMap((format) =>
    Object.entries(operationsOf(format)).map(([name, operation]) => [`${format.name}.${name}`, operation] as const),
  ),
);

/** Names of every operation that a row's `float` node may have: `f32.add`, `f64.toI32` and so on. */
export const floatOperationNames: readonly string[] = [...operations.keys()];

/**
 * Carries out a `float` node of a row in a rounding mode that is already resolved.
 * @throws {IsaError} for a name that is no operation.
 */
export function floatOperation(operation: string, args: readonly bigint[], mode: RoundingMode): FloatResult {
  const operate = operations.get(operation);
  if (!operate) throw new IsaError(`unknown floating-point operation ${operation}`);
  return operate(args, mode);
}
