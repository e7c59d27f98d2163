import type { InstructionSet } from '@worldswitch/isa';
import { Mstatus } from './hart-context.ts';

/** UXL in the high half of sstatus: 2, as user mode is 64 bits wide. */
export const UXL_HIGH = 2;
/** SD in the high half of sstatus: FS is dirty. */
export const SD_HIGH = 1 << 31;

/** Bits of sstatus on which translation does not depend. That SIE is set can make an interrupt due. */
export const LIGHT_STATUS = Mstatus.SIE | Mstatus.SPIE | Mstatus.SPP | Mstatus.FS;

/** What sstatus shows of mstatus, and what of it a write changes: bits of the low half. */
export interface StatusView {
  readonly reads: number;
  readonly writes: number;
}

/** Bits of mstatus that do not exist: there is no vector unit, and without F no floating-point unit. */
export function absentStatus(instructionSet: InstructionSet): number {
  const hasFloat = instructionSet.extensions.some(({ name }) => name === 'F' || name === 'D');
  return (3 << 9) | (hasFloat ? 0 : Mstatus.FS);
}

export function statusView(instructionSet: InstructionSet): StatusView {
  const sstatus = instructionSet.csrByName('sstatus');
  const reads = Number((sstatus?.view?.mask ?? 0n) & 0xffff_ffffn) | 0;
  const writes = Number((sstatus?.writeMask ?? 0n) & 0xffff_ffffn) & ~absentStatus(instructionSet);
  return { reads, writes: writes & reads };
}
