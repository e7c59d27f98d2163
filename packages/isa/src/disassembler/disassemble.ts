import { extractField, type OperandField } from '../encoding/operand-format.ts';
import type { DecodedInstruction } from '../instruction.ts';
import { defaultInstructionSet, type InstructionSet } from '../instruction-set.ts';
import { floatRegisterNames, integerRegisterNames, roundingModeNames } from '../registers.ts';
import { floatConstantNames } from '../rows/zfa.ts';
import { type Alias, aliasesOf } from './alias.ts';
import { parseSyntax, type SyntaxOperand } from './operand-syntax.ts';

export interface DisassembleOptions {
  /** {@link defaultInstructionSet} when absent. */
  readonly instructionSet?: InstructionSet;
  /**
   * `aliases` (the default) prints what objdump prints: pseudo-instructions where they fit, compressed instructions without their
   * prefix. `raw` prints each row by its own name, so that assembling the text gives the same bits.
   */
  readonly style?: 'aliases' | 'raw';
}

/** The letters of a fence's predecessor or successor set. */
const fenceSet = (bits: number): string =>
  [...'iorw'].filter((_, index) => (bits >> (3 - index)) & 1).join('') || 'unknown';

function formatOperand(
  operand: SyntaxOperand,
  decoded: DecodedInstruction,
  pc: bigint,
  set: InstructionSet,
): string | undefined {
  switch (operand.kind) {
    case 'x':
      return integerRegisterNames[decoded[operand.field as 'rd']];
    case 'f':
      return floatRegisterNames[decoded[operand.field as 'rd']];
    case 'literal':
      return integerRegisterNames[operand.register];
    case 'memory': {
      const base = operand.base === 'sp' ? 2 : decoded[operand.base as 'rs1'];
      return `${operand.hasOffset ? decoded.imm : ''}(${integerRegisterNames[base]})`;
    }
    case 'imm':
    case 'zimm':
      return String(decoded.imm);
    case 'hint':
      return decoded.imm === 0 ? undefined : String(decoded.imm);
    case 'shamt':
      return `0x${decoded.imm.toString(16)}`;
    case 'upper':
      return `0x${((decoded.imm >>> 12) & 0xfffff).toString(16)}`;
    case 'target':
      return `0x${BigInt.asUintN(64, pc + decoded.immediate).toString(16)}`;
    case 'csr':
      return set.csrByAddress(decoded.csr)?.name ?? `0x${decoded.csr.toString(16)}`;
    case 'fli':
      return floatConstantNames[decoded.imm];
    case 'rtz':
      return 'rtz';
    case 'pred':
      return fenceSet(decoded.imm >> 4);
    case 'succ':
      return fenceSet(decoded.imm & 15);
    case 'rm':
      return decoded.rm === operand.absent ? undefined : roundingModeNames[decoded.rm];
    default:
      return operand satisfies never;
  }
}

function format(name: string, syntax: string, decoded: DecodedInstruction, pc: bigint, set: InstructionSet): string {
  const operands = parseSyntax(syntax).flatMap((operand) => formatOperand(operand, decoded, pc, set) ?? []);
  return operands.length === 0 ? name : `${name} ${operands.join(',')}`;
}

function aliasFits(alias: Alias, decoded: DecodedInstruction): boolean {
  if (alias.isInputOnly) return false;
  return Object.entries(alias.operands).every(([field, value]) => {
    const wanted = typeof value === 'number' ? value : decoded[value as 'rs1'];
    return decoded[field as 'rd'] === wanted;
  });
}

/** The mnemonic's acquire and release suffix, from the bits of an atomic instruction. */
function orderingSuffix(decoded: DecodedInstruction, set: InstructionSet): string {
  const fields = set.encodedByName(decoded.instruction.name)?.layout.fields;
  const has = (field: OperandField): boolean => {
    const encoded = fields?.get(field);
    return encoded !== undefined && extractField(decoded.bits, encoded) === 1;
  };
  const suffix = `${has('aq') ? 'aq' : ''}${has('rl') ? 'rl' : ''}`;
  return suffix && `.${suffix}`;
}

/** Compressed hints: they write x0 or shift by 0, and are printed by their own names. */
function isCompressedHint({ instruction, rd, imm }: DecodedInstruction): boolean {
  if (instruction.expandsTo === undefined || instruction.name === 'c.nop') return false;
  const isShift = instruction.syntax === 'rd, shamt';
  return (
    (rd === 0 && instruction.semantics[0]?.kind === 'setX' && instruction.semantics.length === 1) ||
    (isShift && imm === 0)
  );
}

/** The text of an instruction that is already decoded. */
export function formatInstruction(
  decoded: DecodedInstruction,
  pc: bigint | number,
  options: DisassembleOptions = {},
): string {
  const set = options.instructionSet ?? defaultInstructionSet();
  const address = BigInt(pc);
  const row = decoded.instruction;
  if (options.style !== 'raw' && !isCompressedHint(decoded)) {
    const candidates = [row.name, row.expandsTo ?? ''].flatMap((name) => aliasesOf(name));
    const alias = candidates.find((candidate) => aliasFits(candidate, decoded));
    if (alias) return format(alias.name, alias.syntax, decoded, address, set);
    const expansion = row.expandsTo === undefined ? undefined : set.byName(row.expandsTo);
    if (expansion) return format(expansion.name, expansion.syntax, decoded, address, set);
  }
  return format(row.name + orderingSuffix(decoded, set), row.syntax, decoded, address, set);
}

/**
 * The instruction in `bits` (as {@link InstructionSet.decode} takes them) at address `pc` as GNU objdump writes it. Bits that are
 * no instruction come out as a data directive.
 */
export function disassemble(bits: number, pc: bigint | number = 0n, options: DisassembleOptions = {}): string {
  const set = options.instructionSet ?? defaultInstructionSet();
  const decoded = set.decode(bits);
  if (decoded) return formatInstruction(decoded, pc, { ...options, instructionSet: set });
  if ((bits & 0xffff) === 0) return options.style === 'raw' ? 'c.unimp' : 'unimp';
  const isShort = (bits & 3) !== 3;
  const value = isShort ? bits & 0xffff : bits >>> 0;
  return isShort ? `.2byte 0x${value.toString(16)}` : `.4byte 0x${value.toString(16)}`;
}
