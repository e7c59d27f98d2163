import type { Instruction } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';
import { rowsOf } from './row.ts';
import { rv64i } from './rv64i.ts';

const expansions = new Map(rv64i.map((row) => [row.name, row]));

/**
 * Makes the row function for compressed instructions: `expandsTo` names the row of `table` whose semantics this is, and whose
 * summary it takes.
 */
export function compressedRowsOf(extension: string, section: string, table: ReadonlyMap<string, Instruction>) {
  const row = rowsOf(extension, 'unprivileged', section);
  return (
    name: string,
    format: string,
    encoding: string,
    syntax: string,
    expandsTo: string,
    ...where: readonly string[]
  ): Instruction => {
    const expansion = table.get(expandsTo);
    if (!expansion) throw new IsaError(`${name} expands to ${expandsTo}, which is no row`);
    const summary = `Short form of ${expandsTo}: ${expansion.summary}`;
    return row(name, format, encoding, syntax, summary, expansion.semantics, { expandsTo, where });
  };
}

const memory = compressedRowsOf('C', 'Extension for Compressed Instructions: Load and Store Instructions', expansions);
const control = compressedRowsOf(
  'C',
  'Extension for Compressed Instructions: Control Transfer Instructions',
  expansions,
);
const integer = compressedRowsOf(
  'C',
  'Extension for Compressed Instructions: Integer Computational Instructions',
  expansions,
);

/** C without its floating-point part (Zca). The all-zero encoding is illegal by way of `imm!=0` on c.addi4spn. */
// biome-ignore format: one row a line reads as the table that it is
export const rv64c: readonly Instruction[] = [
  integer('c.addi4spn', 'CIW', '000 iiiiiiii ddd 00', 'rd, sp, imm', 'addi', 'imm!=0'),
  memory('c.lw', 'CL.w', '010 iii sss ii ddd 00', 'rd, imm(rs1)', 'lw'),
  memory('c.ld', 'CL.d', '011 iii sss ii ddd 00', 'rd, imm(rs1)', 'ld'),
  memory('c.sw', 'CL.w', '110 iii sss ii ttt 00', 'rs2, imm(rs1)', 'sw'),
  memory('c.sd', 'CL.d', '111 iii sss ii ttt 00', 'rs2, imm(rs1)', 'sd'),

  integer('c.nop', 'CI.nop', '000 i 00000 iiiii 01', 'hint', 'addi'),
  integer('c.addi', 'CI', '000 i ddddd iiiii 01', 'rd, imm', 'addi', 'rd!=0'),
  integer('c.addiw', 'CI', '001 i ddddd iiiii 01', 'rd, imm', 'addiw', 'rd!=0'),
  integer('c.li', 'CI.li', '010 i ddddd iiiii 01', 'rd, imm', 'addi'),
  integer('c.addi16sp', 'CI.addi16sp', '011 i 00010 iiiii 01', 'sp, imm', 'addi', 'imm!=0'),
  integer('c.lui', 'CI.lui', '011 i ddddd iiiii 01', 'rd, upper', 'lui', 'rd!=2', 'imm!=0'),
  integer('c.srli', 'CB.shift', '100 i 00 ddd iiiii 01', 'rd, shamt', 'srli'),
  integer('c.srai', 'CB.shift', '100 i 01 ddd iiiii 01', 'rd, shamt', 'srai'),
  integer('c.andi', 'CB.imm', '100 i 10 ddd iiiii 01', 'rd, imm', 'andi'),
  integer('c.sub', 'CA', '100 0 11 ddd 00 ttt 01', 'rd, rs2', 'sub'),
  integer('c.xor', 'CA', '100 0 11 ddd 01 ttt 01', 'rd, rs2', 'xor'),
  integer('c.or', 'CA', '100 0 11 ddd 10 ttt 01', 'rd, rs2', 'or'),
  integer('c.and', 'CA', '100 0 11 ddd 11 ttt 01', 'rd, rs2', 'and'),
  integer('c.subw', 'CA', '100 1 11 ddd 00 ttt 01', 'rd, rs2', 'subw'),
  integer('c.addw', 'CA', '100 1 11 ddd 01 ttt 01', 'rd, rs2', 'addw'),
  control('c.j', 'CJ', '101 iiiiiiiiiii 01', 'target', 'jal'),
  control('c.beqz', 'CB', '110 iii sss iiiii 01', 'rs1, target', 'beq'),
  control('c.bnez', 'CB', '111 iii sss iiiii 01', 'rs1, target', 'bne'),

  integer('c.slli', 'CI.shift', '000 i ddddd iiiii 10', 'rd, shamt', 'slli'),
  memory('c.lwsp', 'CI.lwsp', '010 i ddddd iiiii 10', 'rd, imm(sp)', 'lw', 'rd!=0'),
  memory('c.ldsp', 'CI.ldsp', '011 i ddddd iiiii 10', 'rd, imm(sp)', 'ld', 'rd!=0'),
  control('c.jr', 'CR.jr', '100 0 sssss 00000 10', 'rs1', 'jalr', 'rs1!=0'),
  integer('c.mv', 'CR.mv', '100 0 ddddd ttttt 10', 'rd, rs2', 'add', 'rs2!=0'),
  control('c.ebreak', 'none', '100 1 00000 00000 10', '', 'ebreak'),
  control('c.jalr', 'CR.jalr', '100 1 sssss 00000 10', 'rs1', 'jalr', 'rs1!=0'),
  integer('c.add', 'CR', '100 1 ddddd ttttt 10', 'rd, rs2', 'add', 'rs2!=0'),
  memory('c.swsp', 'CSS.swsp', '110 iiiiii ttttt 10', 'rs2, imm(sp)', 'sw'),
  memory('c.sdsp', 'CSS.sdsp', '111 iiiiii ttttt 10', 'rs2, imm(sp)', 'sd'),
];
