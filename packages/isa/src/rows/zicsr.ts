import type { Instruction } from '../instruction.ts';
import { control } from '../semantics/semantics.ts';
import { type RowOptions, rowsOf } from './row.ts';

const csr = rowsOf('Zicsr', 'unprivileged', 'CSR Instructions');
const sensitive: RowOptions = { sensitivity: 'control-sensitive' };

/** Zicsr. Which CSRs a privilege may access, and what an access means, is said by the CSR table. */
// biome-ignore format: one row a line reads as the table that it is
export const zicsr: readonly Instruction[] = [
  csr('csrrw', 'CSR', 'cccccccccccc sssss 001 ddddd 1110011', 'rd, csr, rs1', 'Swap CSR and register; does not read the CSR if rd is x0.', control('csrrw'), sensitive),
  csr('csrrs', 'CSR', 'cccccccccccc sssss 010 ddddd 1110011', 'rd, csr, rs1', 'Read CSR and set bits; does not write if rs1 is x0.', control('csrrs'), sensitive),
  csr('csrrc', 'CSR', 'cccccccccccc sssss 011 ddddd 1110011', 'rd, csr, rs1', 'Read CSR and clear bits; does not write if rs1 is x0.', control('csrrc'), sensitive),
  csr('csrrwi', 'CSR.imm', 'cccccccccccc iiiii 101 ddddd 1110011', 'rd, csr, zimm', 'Read CSR and write a 5-bit immediate.', control('csrrwi'), sensitive),
  csr('csrrsi', 'CSR.imm', 'cccccccccccc iiiii 110 ddddd 1110011', 'rd, csr, zimm', 'Read CSR and set the bits of a 5-bit immediate.', control('csrrsi'), sensitive),
  csr('csrrci', 'CSR.imm', 'cccccccccccc iiiii 111 ddddd 1110011', 'rd, csr, zimm', 'Read CSR and clear the bits of a 5-bit immediate.', control('csrrci'), sensitive),
];
