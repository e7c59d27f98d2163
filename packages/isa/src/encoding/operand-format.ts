import type { RegisterOperand } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';

/** Everything an encoding can carry: registers, the immediate, the CSR address, the rounding mode, acquire and release. */
export type OperandField = RegisterOperand | 'imm' | 'csr' | 'rm' | 'aq' | 'rl';

/** What the letters of an encoding mean. */
export interface OperandFormat {
  /** Value bits in the order in which the encoding's `i` letters stand: `12|10:5|4:1|11`. */
  readonly immediate?: string;
  /** Unless true, the immediate is zero-extended. */
  readonly isSigned?: boolean;
  /** Letters that mean something else than usual, as `d` meaning both rd and rs1. */
  readonly letters?: Readonly<Record<string, readonly OperandField[]>>;
  /** Its register letters but rs1's stand four times: they name even-numbered registers. */
  readonly isPair?: boolean;
  /** Operands that the format fixes, as rs1 = sp in stack-pointer-relative loads. */
  readonly fixed?: Readonly<Partial<Record<OperandField, number>>>;
}

const usualLetters: Readonly<Record<string, readonly OperandField[]>> = {
  d: ['rd'],
  s: ['rs1'],
  t: ['rs2'],
  u: ['rs3'],
  i: ['imm'],
  c: ['csr'],
  m: ['rm'],
  a: ['aq'],
  l: ['rl'],
};

const destinationIsSource = { d: ['rd', 'rs1'] } as const;

/**
 * The operand layouts (unprivileged ISA, sections "Base Instruction Formats" and "Immediate Encoding Variants"; compressed
 * ones from the extension for compressed instructions). A register letter of three bits names x8 to x15.
 */
export const operandFormats: Readonly<Record<string, OperandFormat>> = {
  none: {},
  R: {},
  R4: {},
  AMO: {},
  'AMO.pair': { isPair: true },
  CSR: {},
  I: { immediate: '11:0', isSigned: true },
  S: { immediate: '11:5|4:0', isSigned: true },
  B: { immediate: '12|10:5|4:1|11', isSigned: true },
  U: { immediate: '31:12', isSigned: true },
  J: { immediate: '20|10:1|11|19:12', isSigned: true },
  shift: { immediate: '5:0' },
  'shift.w': { immediate: '4:0' },
  'CSR.imm': { immediate: '4:0' },
  fence: { immediate: '7:0' },
  prefetch: { immediate: '11:5', isSigned: true },
  fli: { immediate: '4:0' },
  CR: { letters: destinationIsSource },
  'CR.mv': { fixed: { rs1: 0 } },
  'CR.jr': { fixed: { rd: 0, imm: 0 } },
  'CR.jalr': { fixed: { rd: 1, imm: 0 } },
  CI: { immediate: '5:0', isSigned: true, letters: destinationIsSource },
  'CI.nop': { immediate: '5:0', isSigned: true, fixed: { rd: 0, rs1: 0 } },
  'CI.li': { immediate: '5:0', isSigned: true, fixed: { rs1: 0 } },
  'CI.lui': { immediate: '17:12', isSigned: true },
  'CI.addi16sp': { immediate: '9|4|6|8:7|5', isSigned: true, fixed: { rd: 2, rs1: 2 } },
  'CI.shift': { immediate: '5:0', letters: destinationIsSource },
  'CI.lwsp': { immediate: '5|4:2|7:6', fixed: { rs1: 2 } },
  'CI.ldsp': { immediate: '5|4:3|8:6', fixed: { rs1: 2 } },
  'CSS.swsp': { immediate: '5:2|7:6', fixed: { rs1: 2 } },
  'CSS.sdsp': { immediate: '5:3|8:6', fixed: { rs1: 2 } },
  CIW: { immediate: '5:4|9:6|2|3', fixed: { rs1: 2 } },
  'CL.w': { immediate: '5:3|2|6' },
  'CL.d': { immediate: '5:3|7:6' },
  CA: { letters: destinationIsSource },
  CB: { immediate: '8|4:3|7:6|2:1|5', isSigned: true, fixed: { rs2: 0 } },
  'CB.imm': { immediate: '5:0', isSigned: true, letters: destinationIsSource },
  'CB.shift': { immediate: '5:0', letters: destinationIsSource },
  CJ: { immediate: '11|4|9:8|10|6|7|3:1|5', isSigned: true, fixed: { rd: 0 } },
};

/** A run of neighbouring encoding bits that is a run of neighbouring value bits. */
export interface FieldSegment {
  /** Lowest bit in the encoding. */
  readonly low: number;
  readonly length: number;
  /** As many ones as it has bits. */
  readonly mask: number;
  /** Lowest bit in the operand's value. */
  readonly valueLow: number;
}

/** Where one operand field stands in the encoding. */
export interface EncodedField {
  readonly segments: readonly FieldSegment[];
  /** Number of encoding bits. */
  readonly size: number;
  /** For signed immediates: the number of value bits, from which on the sign is extended; else 0. */
  readonly signedBits: number;
  /** Added to the stored value: 8 for three-bit register fields. */
  readonly base: number;
}

/** An encoding string turned into numbers. */
export interface EncodingLayout {
  readonly width: 16 | 32;
  readonly mask: number;
  readonly match: number;
  /** Fields in the encoding; a fixed operand is not among them. */
  readonly fields: ReadonlyMap<OperandField, EncodedField>;
  readonly fixed: Readonly<Partial<Record<OperandField, number>>>;
  /** Bits that hardware ignores. */
  readonly ignored: number;
}

/** `12|10:5` as [12, 10, 9, 8, 7, 6, 5]. */
function valueBits(layout: string): number[] {
  return layout.split('|').flatMap((part) => {
    const [high = 0, low = high] = part.split(':').map(Number);
    return Array.from({ length: high - low + 1 }, (_, index) => high - index);
  });
}

/**
 * Reads an encoding string by its format.
 * @throws {IsaError} when the encoding has neither 16 nor 32 bits, or letters that contradict the format.
 */
export function layoutOf(name: string, encoding: string, formatName: string): EncodingLayout {
  const format = operandFormats[formatName];
  if (!format) throw new IsaError(`${name}: unknown operand format ${formatName}`);
  const text = encoding.replaceAll(' ', '');
  const width = text.length;
  if (width !== 16 && width !== 32) throw new IsaError(`${name}: encoding has ${width} bits instead of 16 or 32`);
  let mask = 0;
  let match = 0;
  let ignored = 0;
  const positions = new Map<string, number[]>();
  for (let index = 0; index < width; index++) {
    const bit = width - 1 - index;
    const letter = text[index] as string;
    if (letter === '0' || letter === '1') {
      mask |= 1 << bit;
      if (letter === '1') match |= 1 << bit;
    } else if (letter === 'z') {
      ignored |= 1 << bit;
    } else {
      const known = positions.get(letter);
      if (known) known.push(bit);
      else positions.set(letter, [bit]);
    }
  }
  const isCompressed = (match & 3) !== 3;
  if ((mask & 3) !== 3 || isCompressed !== (width === 16)) {
    throw new IsaError(
      `${name}: the low two bits of an encoding must be 11 in 32-bit rows and something else in 16-bit rows`,
    );
  }
  const fields = new Map<OperandField, EncodedField>();
  for (const [letter, bits] of positions) {
    const operands = format.letters?.[letter] ?? usualLetters[letter];
    if (!operands) throw new IsaError(`${name}: letter ${letter} means nothing in format ${formatName}`);
    for (const operand of operands) fields.set(operand, encodedField(name, operand, bits, format));
  }
  if (format.immediate !== undefined && !fields.has('imm'))
    throw new IsaError(`${name}: format ${formatName} needs an immediate`);
  return { width, mask: mask >>> 0, match: match >>> 0, fields, fixed: format.fixed ?? {}, ignored: ignored >>> 0 };
}

function encodedField(
  name: string,
  operand: OperandField,
  bits: readonly number[],
  format: OperandFormat,
): EncodedField {
  const isRegister = operand.startsWith('r') && operand !== 'rm' && operand !== 'rl';
  const isPair = isRegister && format.isPair === true && bits.length === 4;
  const expected = { csr: 12, rm: 3, aq: 1, rl: 1 }[operand as string];
  if (
    isRegister ? bits.length !== 5 && bits.length !== 3 && !isPair : expected !== undefined && bits.length !== expected
  ) {
    throw new IsaError(`${name}: operand ${operand} has ${bits.length} bits`);
  }
  const lowest = isPair ? 1 : 0;
  let values = bits.map((_, index) => bits.length - 1 - index + lowest);
  if (operand === 'imm') {
    if (format.immediate === undefined) throw new IsaError(`${name}: its format has no immediate`);
    values = valueBits(format.immediate);
    if (values.length !== bits.length) {
      throw new IsaError(`${name}: ${bits.length} immediate bits in the encoding, ${values.length} in the format`);
    }
  }
  const segments: FieldSegment[] = [];
  for (let index = 0; index < bits.length; ) {
    let length = 1;
    while (
      index + length < bits.length &&
      bits[index + length] === (bits[index] as number) - length &&
      values[index + length] === (values[index] as number) - length
    ) {
      length++;
    }
    const last = index + length - 1;
    segments.push({ low: bits[last] as number, length, mask: 2 ** length - 1, valueLow: values[last] as number });
    index += length;
  }
  const isSigned = operand === 'imm' && format.isSigned === true;
  return {
    segments,
    size: bits.length,
    signedBits: isSigned ? Math.max(...values) + 1 : 0,
    base: isRegister && bits.length === 3 ? 8 : 0,
  };
}

/** The operand's value in `bits`. */
export function extractField(bits: number, field: EncodedField): number {
  let value = 0;
  for (const { low, mask, valueLow } of field.segments) value |= ((bits >>> low) & mask) << valueLow;
  if (field.signedBits > 0) value = (value << (32 - field.signedBits)) >> (32 - field.signedBits);
  return value + field.base;
}

/** The encoding bits that carry `value`, or undefined when the field cannot hold it. */
export function insertField(value: number, field: EncodedField): number | undefined {
  let bits = 0;
  for (const { low, mask, valueLow } of field.segments) bits |= (((value - field.base) >>> valueLow) & mask) << low;
  return extractField(bits, field) === value ? bits >>> 0 : undefined;
}

/** The values a field can hold, in words. */
export function describeRange({ segments, signedBits, base }: EncodedField): string {
  const step = 2 ** Math.min(...segments.map(({ valueLow }) => valueLow));
  const bits = Math.max(...segments.map(({ valueLow, length }) => valueLow + length));
  if (base > 0) return 'a register from x8 to x15';
  const [low, high] = signedBits > 0 ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - step] : [0, 2 ** bits - step];
  return `${step > 1 ? `a multiple of ${step}` : 'a number'} from ${low} to ${high}`;
}
