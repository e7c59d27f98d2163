import type { Instruction } from '../instruction.ts';
import { Privilege } from '../privilege.ts';
import { control } from '../semantics/semantics.ts';
import { rowsOf } from './row.ts';

const trapReturn = rowsOf('Privileged', 'privileged', 'Trap-Return Instructions');
const wait = rowsOf('Privileged', 'privileged', 'Wait for Interrupt');
const memoryFence = rowsOf('Privileged', 'privileged', 'Supervisor Memory-Management Fence Instruction');

/** The instructions of the privileged architecture. TSR, TVM and TW of mstatus can make them trap: that is the executor's part. */
// biome-ignore format: one row a line reads as the table that it is
export const privileged: readonly Instruction[] = [
  trapReturn('sret', 'none', '000100000010 00000 000 00000 1110011', '', 'Return from a trap taken to supervisor mode.', control('sret'), { privilege: Privilege.supervisor, sensitivity: 'control-sensitive' }),
  trapReturn('mret', 'none', '001100000010 00000 000 00000 1110011', '', 'Return from a trap taken to machine mode.', control('mret'), { privilege: Privilege.machine, sensitivity: 'control-sensitive' }),
  wait('wfi', 'none', '000100000101 00000 000 00000 1110011', '', 'Stall until an interrupt may need service.', control('wfi'), { sensitivity: 'control-sensitive' }),
  memoryFence('sfence.vma', 'R', '0001001 ttttt sssss 000 00000 1110011', 'rs1, rs2', 'Order page-table updates before later translations of address rs1 in address space rs2; x0 means all.', control('sfence.vma'), { privilege: Privilege.supervisor, sensitivity: 'control-sensitive' }),
];
