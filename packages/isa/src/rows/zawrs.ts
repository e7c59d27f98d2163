import type { Instruction } from '../instruction.ts';
import { control } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const waiting = rowsOf('Zawrs', 'unprivileged', 'Wait-on-Reservation-Set Instructions');

/** Zawrs (unprivileged ISA). A stall may end at any time, and here does so at once; TW of mstatus can make the first one trap. */
// biome-ignore format: one row a line reads as the table that it is
export const zawrs: readonly Instruction[] = [
  waiting('wrs.nto', 'none', '000000001101 00000 000 00000 1110011', '', 'Wait until the reserved memory is written or an interrupt is pending.', control('wrs.nto'), { sensitivity: 'control-sensitive' }),
  waiting('wrs.sto', 'none', '000000011101 00000 000 00000 1110011', '', 'Wait likewise, for a short time at most.', control('hint'), { sensitivity: 'innocuous' }),
];
