import { CsrAddress } from '../csr/csr.ts';
import type { OperandField } from '../encoding/operand-format.ts';

/** Another way to write an instruction: one pseudo-instruction that stands for one instruction. */
export interface Alias {
  readonly name: string;
  /** The row it stands for. */
  readonly of: string;
  readonly syntax: string;
  /** Operands that it fixes; a field name means "equal to that operand". */
  readonly operands: Readonly<Partial<Record<OperandField, number | OperandField>>>;
  /** Understood by the assembler, not printed by the disassembler. */
  readonly isInputOnly?: boolean;
}

type Operands = Alias['operands'];
const alias = (name: string, of: string, syntax: string, operands: Operands = {}): Alias => ({
  name,
  of,
  syntax,
  operands,
});
const inputOnly = (name: string, of: string, syntax: string, operands: Operands = {}): Alias => ({
  ...alias(name, of, syntax, operands),
  isInputOnly: true,
});

const floatMoves = (suffix: 's' | 'd'): Alias[] => [
  alias(`fmv.${suffix}`, `fsgnj.${suffix}`, 'frd, frs1', { rs2: 'rs1' }),
  alias(`fneg.${suffix}`, `fsgnjn.${suffix}`, 'frd, frs1', { rs2: 'rs1' }),
  alias(`fabs.${suffix}`, `fsgnjx.${suffix}`, 'frd, frs1', { rs2: 'rs1' }),
  inputOnly(`fgt.${suffix}`, `flt.${suffix}`, 'rd, frs2, frs1'),
  inputOnly(`fge.${suffix}`, `fle.${suffix}`, 'rd, frs2, frs1'),
];

/**
 * Pseudo-instructions of one instruction each (unprivileged ISA, "RISC-V Assembly Programmer's Handbook", and GNU binutils). For
 * each row the first alias that fits is printed, so the narrower stand before the wider.
 */
// biome-ignore format: one alias a line reads as the table that it is
export const aliases: readonly Alias[] = [
  alias('nop', 'addi', '', { rd: 0, rs1: 0, imm: 0 }),
  alias('nop', 'c.nop', '', { imm: 0 }),
  alias('c.nop', 'c.nop', 'hint'),
  // The hint with immediate 0 would else be printed as a move.
  alias('addi', 'c.addi', 'rd, rs1, imm'),
  alias('li', 'addi', 'rd, imm', { rs1: 0 }),
  alias('mv', 'addi', 'rd, rs1', { imm: 0 }),
  alias('mv', 'c.mv', 'rd, rs2'),
  alias('li', 'c.li', 'rd, imm'),
  alias('not', 'xori', 'rd, rs1', { imm: -1 }),
  alias('neg', 'sub', 'rd, rs2', { rs1: 0 }),
  alias('negw', 'subw', 'rd, rs2', { rs1: 0 }),
  alias('sext.w', 'addiw', 'rd, rs1', { imm: 0 }),
  alias('zext.b', 'andi', 'rd, rs1', { imm: 255 }),
  alias('zext.w', 'add.uw', 'rd, rs1', { rs2: 0 }),
  alias('seqz', 'sltiu', 'rd, rs1', { imm: 1 }),
  alias('snez', 'sltu', 'rd, rs2', { rs1: 0 }),
  alias('sltz', 'slt', 'rd, rs1', { rs2: 0 }),
  alias('sgtz', 'slt', 'rd, rs2', { rs1: 0 }),
  inputOnly('sgt', 'slt', 'rd, rs2, rs1'),
  inputOnly('sgtu', 'sltu', 'rd, rs2, rs1'),

  alias('beqz', 'beq', 'rs1, target', { rs2: 0 }),
  inputOnly('beqz', 'beq', 'rs2, target', { rs1: 0 }),
  alias('bnez', 'bne', 'rs1, target', { rs2: 0 }),
  alias('bltz', 'blt', 'rs1, target', { rs2: 0 }),
  alias('bgtz', 'blt', 'rs2, target', { rs1: 0 }),
  alias('blez', 'bge', 'rs2, target', { rs1: 0 }),
  alias('bgez', 'bge', 'rs1, target', { rs2: 0 }),
  inputOnly('bgt', 'blt', 'rs2, rs1, target'),
  inputOnly('ble', 'bge', 'rs2, rs1, target'),
  inputOnly('bgtu', 'bltu', 'rs2, rs1, target'),
  inputOnly('bleu', 'bgeu', 'rs2, rs1, target'),

  alias('j', 'jal', 'target', { rd: 0 }),
  alias('jal', 'jal', 'target', { rd: 1 }),
  alias('ret', 'jalr', '', { rd: 0, rs1: 1, imm: 0 }),
  alias('jr', 'jalr', 'rs1', { rd: 0, imm: 0 }),
  alias('jr', 'jalr', 'imm(rs1)', { rd: 0 }),
  alias('jalr', 'jalr', 'rs1', { rd: 1, imm: 0 }),
  alias('jalr', 'jalr', 'imm(rs1)', { rd: 1 }),
  alias('jalr', 'jalr', 'rd, rs1', { imm: 0 }),
  inputOnly('jalr', 'jalr', 'rd, rs1, imm'),
  inputOnly('jr', 'jalr', 'rs1, imm', { rd: 0 }),

  alias('unimp', 'csrrw', '', { rd: 0, rs1: 0, csr: CsrAddress.cycle }),
  alias('fscsr', 'csrrw', 'rs1', { rd: 0, csr: CsrAddress.fcsr }),
  alias('fscsr', 'csrrw', 'rd, rs1', { csr: CsrAddress.fcsr }),
  alias('frcsr', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.fcsr }),
  alias('fsrm', 'csrrw', 'rs1', { rd: 0, csr: CsrAddress.frm }),
  alias('fsrm', 'csrrw', 'rd, rs1', { csr: CsrAddress.frm }),
  inputOnly('fsrmi', 'csrrwi', 'zimm', { rd: 0, csr: CsrAddress.frm }),
  alias('fsrmi', 'csrrwi', 'rd, zimm', { csr: CsrAddress.frm }),
  alias('frrm', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.frm }),
  alias('fsflags', 'csrrw', 'rs1', { rd: 0, csr: CsrAddress.fflags }),
  alias('fsflags', 'csrrw', 'rd, rs1', { csr: CsrAddress.fflags }),
  inputOnly('fsflagsi', 'csrrwi', 'zimm', { rd: 0, csr: CsrAddress.fflags }),
  alias('fsflagsi', 'csrrwi', 'rd, zimm', { csr: CsrAddress.fflags }),
  alias('frflags', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.fflags }),
  alias('rdcycle', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.cycle }),
  alias('rdtime', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.time }),
  alias('rdinstret', 'csrrs', 'rd', { rs1: 0, csr: CsrAddress.instret }),
  alias('csrr', 'csrrs', 'rd, csr', { rs1: 0 }),
  alias('csrw', 'csrrw', 'csr, rs1', { rd: 0 }),
  alias('csrs', 'csrrs', 'csr, rs1', { rd: 0 }),
  alias('csrc', 'csrrc', 'csr, rs1', { rd: 0 }),
  alias('csrwi', 'csrrwi', 'csr, zimm', { rd: 0 }),
  alias('csrsi', 'csrrsi', 'csr, zimm', { rd: 0 }),
  alias('csrci', 'csrrci', 'csr, zimm', { rd: 0 }),
  inputOnly('csrw', 'csrrwi', 'csr, zimm', { rd: 0 }),
  inputOnly('csrs', 'csrrsi', 'csr, zimm', { rd: 0 }),
  inputOnly('csrc', 'csrrci', 'csr, zimm', { rd: 0 }),
  inputOnly('csrrw', 'csrrwi', 'rd, csr, zimm'),
  inputOnly('csrrs', 'csrrsi', 'rd, csr, zimm'),
  inputOnly('csrrc', 'csrrci', 'rd, csr, zimm'),

  alias('fence', 'fence', '', { imm: 0xff }),
  alias('sfence.vma', 'sfence.vma', '', { rs1: 0, rs2: 0 }),
  alias('sfence.vma', 'sfence.vma', 'rs1', { rs2: 0 }),
  alias('hfence.vvma', 'hfence.vvma', '', { rs1: 0, rs2: 0 }),
  alias('hfence.vvma', 'hfence.vvma', 'rs1', { rs2: 0 }),
  alias('hfence.gvma', 'hfence.gvma', '', { rs1: 0, rs2: 0 }),
  alias('hfence.gvma', 'hfence.gvma', 'rs1', { rs2: 0 }),

  inputOnly('add', 'addi', 'rd, rs1, imm'),
  inputOnly('addw', 'addiw', 'rd, rs1, imm'),
  inputOnly('and', 'andi', 'rd, rs1, imm'),
  inputOnly('or', 'ori', 'rd, rs1, imm'),
  inputOnly('xor', 'xori', 'rd, rs1, imm'),
  inputOnly('slt', 'slti', 'rd, rs1, imm'),
  inputOnly('sltu', 'sltiu', 'rd, rs1, imm'),
  inputOnly('sll', 'slli', 'rd, rs1, shamt'),
  inputOnly('srl', 'srli', 'rd, rs1, shamt'),
  inputOnly('sra', 'srai', 'rd, rs1, shamt'),
  inputOnly('sllw', 'slliw', 'rd, rs1, shamt'),
  inputOnly('srlw', 'srliw', 'rd, rs1, shamt'),
  inputOnly('sraw', 'sraiw', 'rd, rs1, shamt'),
  inputOnly('ror', 'rori', 'rd, rs1, shamt'),
  inputOnly('rorw', 'roriw', 'rd, rs1, shamt'),
  inputOnly('bclr', 'bclri', 'rd, rs1, shamt'),
  inputOnly('bext', 'bexti', 'rd, rs1, shamt'),
  inputOnly('binv', 'binvi', 'rd, rs1, shamt'),
  inputOnly('bset', 'bseti', 'rd, rs1, shamt'),
  inputOnly('scall', 'ecall', ''),
  inputOnly('sbreak', 'ebreak', ''),
  inputOnly('fmv.x.s', 'fmv.x.w', 'rd, frs1'),
  inputOnly('fmv.s.x', 'fmv.w.x', 'frd, rs1'),
  ...floatMoves('s'),
  ...floatMoves('d'),
];

function groupBy(keyOf: (alias: Alias) => string): ReadonlyMap<string, readonly Alias[]> {
  const groups = new Map<string, Alias[]>();
  for (const entry of aliases) groups.set(keyOf(entry), [...(groups.get(keyOf(entry)) ?? []), entry]);
  return groups;
}

const byName = groupBy((entry) => entry.name);
const byRow = groupBy((entry) => entry.of);

export const aliasesNamed = (name: string): readonly Alias[] => byName.get(name) ?? [];
export const aliasesOf = (row: string): readonly Alias[] => byRow.get(row) ?? [];
