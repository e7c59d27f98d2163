import type { Instruction } from '../instruction.ts';
import { Privilege } from '../privilege.ts';
import { control } from '../semantics/semantics.ts';
import { type RowOptions, rowsOf } from './row.ts';

const invalidation = rowsOf(
  'Svinval',
  'privileged',
  'Extension for Fine-Grained Address-Translation Cache Invalidation',
);
const supervisor: RowOptions = { privilege: Privilege.supervisor, sensitivity: 'control-sensitive' };

/** Svinval: what sfence.vma does, in parts. */
// biome-ignore format: one row a line reads as the table that it is
export const svinval: readonly Instruction[] = [
  invalidation('sinval.vma', 'R', '0001011 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Forget translations of address rs1 in address space rs2; x0 means all.', control('sfence.vma'), supervisor),
  invalidation('sfence.w.inval', 'none', '0001100 00000 00000 000 00000 1110011', '', 'Order earlier stores before later invalidations.', control('sfence.inval'), supervisor),
  invalidation('sfence.inval.ir', 'none', '0001100 00001 00000 000 00000 1110011', '', 'Order earlier invalidations before later translations.', control('sfence.inval'), supervisor),
];
