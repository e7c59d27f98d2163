/**
 * IEEE 754 binary formats as bit patterns in bigints. A first reader may treat this file as arithmetic that is exact: numbers are
 * integers times powers of two until `roundToFormat` brings them back into a format.
 */
export interface FloatFormat {
  readonly name: 'f32' | 'f64';
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  /** Exponent of the last bit of the smallest numbers: their value is an integer times 2^minimumExponent. */
  readonly minimumExponent: number;
  /** Exponent of the last bit of the largest numbers. */
  readonly maximumExponent: number;
  readonly exponentMask: bigint;
  readonly fractionBits: bigint;
  readonly fractionMask: bigint;
  readonly signBit: bigint;
  readonly infinity: bigint;
  /** F extension, section "NaN Generation and Propagation". */
  readonly canonicalNaN: bigint;
}

function makeFormat(name: 'f32' | 'f64', exponentBits: number, fractionBits: number): FloatFormat {
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponentMask = (1n << BigInt(exponentBits)) - 1n;
  const infinity = exponentMask << BigInt(fractionBits);
  return {
    name,
    precision: fractionBits + 1,
    minimumExponent: 1 - bias - fractionBits,
    maximumExponent: bias - fractionBits,
    exponentMask,
    fractionBits: BigInt(fractionBits),
    fractionMask: (1n << BigInt(fractionBits)) - 1n,
    signBit: 1n << BigInt(exponentBits + fractionBits),
    infinity,
    canonicalNaN: infinity | (1n << BigInt(fractionBits - 1)),
  };
}

export const f32 = makeFormat('f32', 8, 23);
export const f64 = makeFormat('f64', 11, 52);

/** Accrued exceptions: the bits of fflags (F extension, "Floating-Point Control and Status Register"). */
export const FloatFlag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 } as const;

/** Rounding modes: the values of the rm field and of frm. */
export const RoundingMode = { nearestEven: 0, towardZero: 1, down: 2, up: 3, nearestMaxMagnitude: 4 } as const;
export type RoundingMode = (typeof RoundingMode)[keyof typeof RoundingMode];

/** The mode that an instruction's rm field selects, or undefined when it or frm is reserved (illegal instruction). */
export function resolveRoundingMode(rm: number, frm: number): RoundingMode | undefined {
  const mode = rm === 7 ? frm : rm;
  return mode <= 4 ? (mode as RoundingMode) : undefined;
}

export interface FloatResult {
  readonly value: bigint;
  /** Of {@link FloatFlag}. */
  readonly flags: number;
}

/** A bit pattern taken apart: finite numbers are (-1)^sign * significand * 2^exponent. */
export interface Unpacked {
  readonly kind: 'finite' | 'infinity' | 'quiet' | 'signaling';
  readonly isNegative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

export function unpack(format: FloatFormat, bits: bigint): Unpacked {
  const isNegative = (bits & format.signBit) !== 0n;
  const biased = (bits >> format.fractionBits) & format.exponentMask;
  const fraction = bits & format.fractionMask;
  if (biased === format.exponentMask) {
    const isQuiet = fraction >> (format.fractionBits - 1n) === 1n;
    const kind = fraction === 0n ? 'infinity' : isQuiet ? 'quiet' : 'signaling';
    return { kind, isNegative, significand: 0n, exponent: 0 };
  }
  if (biased === 0n) return { kind: 'finite', isNegative, significand: fraction, exponent: format.minimumExponent };
  const significand = fraction | (1n << format.fractionBits);
  return { kind: 'finite', isNegative, significand, exponent: format.minimumExponent + Number(biased) - 1 };
}

export const isNotANumber = ({ kind }: Unpacked): boolean => kind === 'quiet' || kind === 'signaling';
export const isZero = ({ kind, significand }: Unpacked): boolean => kind === 'finite' && significand === 0n;

/** Number of significant bits. */
export function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return value === 0n ? 0 : digits.length * 4 - (Math.clz32(Number.parseInt(digits[0] as string, 16)) - 28);
}

/** An exact number, or one of which only "a little more than this" is known. */
export interface ExactNumber {
  readonly isNegative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
  /** The true magnitude is greater than stated, by less than one unit of the significand. */
  readonly hasMore?: boolean;
}

/** The integer next to significand / 2^shift by the rounding mode, and whether it is not exactly that. */
export function roundShifted(
  { isNegative, significand, hasMore = false }: ExactNumber,
  shift: number,
  mode: RoundingMode,
): { readonly integer: bigint; readonly isInexact: boolean } {
  if (shift <= 0) return { integer: significand << BigInt(-shift), isInexact: hasMore };
  const integer = significand >> BigInt(shift);
  const rest = significand & ((1n << BigInt(shift)) - 1n);
  const half = 1n << BigInt(shift - 1);
  const isInexact = rest !== 0n || hasMore;
  return { integer: integer + (roundsAway() ? 1n : 0n), isInexact };

  function roundsAway(): boolean {
    switch (mode) {
      case RoundingMode.nearestEven:
        return rest > half || (rest === half && (hasMore || (integer & 1n) === 1n));
      case RoundingMode.towardZero:
        return false;
      case RoundingMode.down:
        return isNegative && isInexact;
      case RoundingMode.up:
        return !isNegative && isInexact;
      case RoundingMode.nearestMaxMagnitude:
        return rest >= half;
      default:
        return mode satisfies never;
    }
  }
}

/**
 * Rounds a number into a format. Tininess is detected after rounding, as the F extension says. A number with `hasMore` must have
 * at least two significant bits more than the format.
 */
export function roundToFormat(format: FloatFormat, number: ExactNumber, mode: RoundingMode): FloatResult {
  const { isNegative, significand, exponent } = number;
  const sign = isNegative ? format.signBit : 0n;
  if (significand === 0n) return { value: sign, flags: 0 };
  const bits = bitLength(significand);
  const unbounded = exponent + bits - format.precision;
  let lastExponent = Math.max(unbounded, format.minimumExponent);
  let { integer, isInexact } = roundShifted(number, lastExponent - exponent, mode);
  if (integer >> BigInt(format.precision) !== 0n) {
    integer >>= 1n;
    lastExponent++;
  }
  const hiddenBit = 1n << format.fractionBits;
  if (lastExponent > format.maximumExponent) {
    const goesToInfinity =
      mode === RoundingMode.nearestEven ||
      mode === RoundingMode.nearestMaxMagnitude ||
      mode === (isNegative ? RoundingMode.down : RoundingMode.up);
    const value = sign | (goesToInfinity ? format.infinity : format.infinity - 1n);
    return { value, flags: FloatFlag.overflow | FloatFlag.inexact };
  }
  let flags = isInexact ? FloatFlag.inexact : 0;
  if (isInexact && unbounded < format.minimumExponent) {
    // Below the normal numbers before rounding; tiny unless rounding with an unbounded exponent would carry out of that range.
    const carries =
      unbounded === format.minimumExponent - 1 &&
      roundShifted(number, unbounded - exponent, mode).integer >> BigInt(format.precision) !== 0n;
    if (!carries) flags |= FloatFlag.underflow;
  }
  // Subnormal results have no hidden bit and the biased exponent 0.
  const biased = integer < hiddenBit ? 0n : BigInt(lastExponent - format.minimumExponent + 1);
  return { value: sign | (biased << format.fractionBits) | (integer & format.fractionMask), flags };
}
