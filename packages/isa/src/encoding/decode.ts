import type { DecodedInstruction, Instruction } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';
import { type EncodedField, type EncodingLayout, extractField, layoutOf, type OperandField } from './operand-format.ts';

/** A condition `rd!=0` of a row, on a field of its encoding. */
interface Exclusion {
  readonly field: EncodedField;
  readonly operand: OperandField;
  readonly value: number;
}

/** The operands that a decoded instruction has: where each stands, or its value in all encodings of the row. */
type RowOperands = Readonly<Record<DecodedOperand, EncodedField | number>>;
type DecodedOperand = 'rd' | 'rs1' | 'rs2' | 'rs3' | 'imm' | 'csr' | 'rm';

/** A row with its encoding worked out: what the decoder, assembler and disassembler work on. */
export interface EncodedRow {
  readonly instruction: Instruction;
  readonly layout: EncodingLayout;
  readonly exclusions: readonly Exclusion[];
  readonly operands: RowOperands;
}

/** Works out one row. @throws {IsaError} when its encoding, format and conditions contradict each other. */
export function encodedRow(instruction: Instruction): EncodedRow {
  const { name } = instruction;
  const layout = layoutOf(name, instruction.encoding, instruction.format);
  const exclusions = (instruction.where ?? []).map((condition): Exclusion => {
    const [, operand, value] = /^(\w+)!=(-?\d+)$/.exec(condition) ?? [];
    const field = layout.fields.get(operand as OperandField);
    if (!field) throw new IsaError(`${name}: cannot read the condition "${condition}"`);
    return { field, operand: operand as OperandField, value: Number(value) };
  });
  const placeOf = (operand: DecodedOperand) => layout.fields.get(operand) ?? layout.fixed[operand] ?? 0;
  const operands: RowOperands = {
    rd: placeOf('rd'),
    rs1: placeOf('rs1'),
    rs2: placeOf('rs2'),
    rs3: placeOf('rs3'),
    imm: placeOf('imm'),
    csr: placeOf('csr'),
    rm: placeOf('rm'),
  };
  return { instruction, layout, exclusions, operands };
}

/** Whether these bits are this row's. */
export function rowMatches({ layout, exclusions }: EncodedRow, bits: number): boolean {
  if ((bits & layout.mask) >>> 0 !== layout.match) return false;
  for (const { field, value } of exclusions) if (extractField(bits, field) === value) return false;
  return true;
}

/** Whether the other row's fixed bits make one of this row's conditions fail. */
function isExcludedBy({ exclusions }: EncodedRow, { layout }: EncodedRow): boolean {
  return exclusions.some(
    ({ field, value }) =>
      field.segments.every(({ low, length }) => {
        const bits = (2 ** length - 1) << low;
        return (layout.mask & bits) === bits;
      }) && extractField(layout.match, field) === value,
  );
}

function overlaps(a: EncodedRow, b: EncodedRow): boolean {
  if (a.layout.width !== b.layout.width) return false;
  const common = a.layout.mask & b.layout.mask;
  return (a.layout.match & common) === (b.layout.match & common) && !isExcludedBy(a, b) && !isExcludedBy(b, a);
}

/** @throws {IsaError} when two rows claim the same bits and neither declares that it refines the other. */
export function checkOverlaps(rows: readonly EncodedRow[]): void {
  for (const [index, a] of rows.entries()) {
    for (let other = index + 1; other < rows.length; other++) {
      const b = rows[other] as EncodedRow;
      if (!overlaps(a, b)) continue;
      const [special, general] = a.instruction.refines === b.instruction.name ? [a, b] : [b, a];
      const isDeclared = special.instruction.refines === general.instruction.name;
      const isSpecial = (special.layout.mask & general.layout.mask) >>> 0 === general.layout.mask;
      if (!isDeclared || !isSpecial) {
        throw new IsaError(`the encodings of ${a.instruction.name} and ${b.instruction.name} overlap`);
      }
    }
  }
}

const operandIn = (bits: number, place: EncodedField | number): number =>
  typeof place === 'number' ? place : extractField(bits, place);

/** Takes the operands out of bits that match the row. */
function decodeRow({ instruction, layout, operands }: EncodedRow, bits: number): DecodedInstruction {
  const imm = operandIn(bits, operands.imm);
  return {
    instruction,
    bits,
    length: layout.width === 16 ? 2 : 4,
    rd: operandIn(bits, operands.rd),
    rs1: operandIn(bits, operands.rs1),
    rs2: operandIn(bits, operands.rs2),
    rs3: operandIn(bits, operands.rs3),
    imm,
    immediate: immediateOf(imm),
    csr: operandIn(bits, operands.csr),
    rm: operandIn(bits, operands.rm),
  };
}

/** Immediates of twelve bits, by their lowest twelve bits: nearly all there are. */
const smallImmediates: (bigint | undefined)[] = Array(1 << 12).fill(undefined);

function immediateOf(imm: number): bigint {
  if (imm < -2048 || imm > 2047) return BigInt.asUintN(64, BigInt(imm));
  const place = imm & 0xfff;
  smallImmediates[place] ??= BigInt.asUintN(64, BigInt(imm));
  return smallImmediates[place];
}

/** Rows that share opcode and funct3, grouped by those further bits that are fixed in all of them. */
interface Bucket {
  readonly commonMask: number;
  readonly groups: ReadonlyMap<number, readonly EncodedRow[]>;
}

/** Opcode and funct3 of a 32-bit encoding, or quadrant and funct3 of a 16-bit one, as one small number. */
function bucketIndex(bits: number): number {
  return (bits & 3) === 3
    ? 32 + (((bits >>> 2) & 31) | (((bits >>> 12) & 7) << 5))
    : (bits & 3) | (((bits >>> 13) & 7) << 2);
}
const bucketBits = { 16: 0xe003, 32: 0x0000_707f } as const;
const bucketCount = 32 + 256;

/**
 * Results that a decoder remembers at most, as a power of two: each encoding has its place. Four times as many saved 3% of the
 * work in a boot of Linux, and took 2 MB.
 */
const REMEMBERED_BITS = 12;
const NOT_DECODED = null;

/**
 * Builds the decoder of a set of rows: a table over opcode and funct3, then over whatever else is fixed in all its rows.
 * The decoder takes the fetched bits as an unsigned number (the upper half is ignored when the low two bits are not 11) and
 * returns undefined for bits that are no instruction of the set.
 */
export function createDecoder(rows: readonly EncodedRow[]): (bits: number) => DecodedInstruction | undefined {
  const buckets = buildBuckets(rows);
  const rememberedBits = new Int32Array(1 << REMEMBERED_BITS);
  const remembered: (DecodedInstruction | undefined | typeof NOT_DECODED)[] = Array(1 << REMEMBERED_BITS).fill(
    NOT_DECODED,
  );
  return (fetched) => {
    const bits = (fetched & 3) === 3 ? fetched >>> 0 : fetched & 0xffff;
    const place = Math.imul(bits, 0x9e37_79b1) >>> (32 - REMEMBERED_BITS);
    if (rememberedBits[place] === (bits | 0)) {
      const known = remembered[place];
      if (known !== NOT_DECODED) return known;
    }
    const bucket = buckets[bucketIndex(bits)];
    const row = bucket?.groups.get(bits & bucket.commonMask)?.find((candidate) => rowMatches(candidate, bits));
    const decoded = row && decodeRow(row, bits);
    rememberedBits[place] = bits;
    remembered[place] = decoded;
    return decoded;
  };
}

function buildBuckets(rows: readonly EncodedRow[]): readonly (Bucket | undefined)[] {
  return Array.from({ length: bucketCount }, (_, index) => {
    const width = index < 32 ? 16 : 32;
    const key =
      width === 16 ? (index & 3) | ((index >>> 2) << 13) : 3 | ((index & 31) << 2) | (((index - 32) >>> 5) << 12);
    const members = rows.filter(({ layout }) => {
      const common = layout.mask & bucketBits[width];
      return layout.width === width && (layout.match & common) === (key & common);
    });
    if (members.length === 0) return undefined;
    // A special case stands before the general row whose bits it shares.
    members.sort((a, b) => Number(b.instruction.refines !== undefined) - Number(a.instruction.refines !== undefined));
    const commonMask = members.reduce((mask, { layout }) => mask & layout.mask, -1);
    const groups = new Map<number, EncodedRow[]>();
    for (const row of members) {
      const group = row.layout.match & commonMask;
      groups.set(group, [...(groups.get(group) ?? []), row]);
    }
    return { commonMask, groups };
  });
}
