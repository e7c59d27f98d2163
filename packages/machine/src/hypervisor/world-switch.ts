import { CsrSlot, type HartContext, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';

/** Bits of mstatus that sstatus shows and that vsstatus has a copy of. */
export const SSTATUS_BITS = Mstatus.SIE | Mstatus.SPIE | Mstatus.SPP | Mstatus.FS | Mstatus.SUM | Mstatus.MXR;

/** Supervisor CSRs that a guest has of its own, and their virtual supervisor CSRs. */
const pairs: readonly (readonly [number, number])[] = [
  [CsrSlot.stvec, CsrSlot.vstvec],
  [CsrSlot.sscratch, CsrSlot.vsscratch],
  [CsrSlot.sepc, CsrSlot.vsepc],
  [CsrSlot.scause, CsrSlot.vscause],
  [CsrSlot.stval, CsrSlot.vstval],
  [CsrSlot.satp, CsrSlot.vsatp],
];
const OWN_WORDS = pairs.flatMap(([own]) => [2 * own, 2 * own + 1]);
const OTHER_WORDS = pairs.flatMap(([, other]) => [2 * other, 2 * other + 1]);

/**
 * Enters or leaves a guest (V of the hypervisor extension): exchanges the supervisor CSRs with the virtual ones, so that those
 * in force are always in the supervisor CSRs' slots, where compiled code and address translation look. While V is 1 the slots of
 * vs* hold the hypervisor's own. Nothing happens when V is that already.
 */
export function switchWorld(context: HartContext, isVirtual: boolean): void {
  if (context.isVirtual === isVirtual) return;
  const { i32 } = context.memory;
  const csrs = context.word + HartOffset.csr / 4;
  for (let index = 0; index < OWN_WORDS.length; index++) {
    const own = csrs + OWN_WORDS[index]!;
    const other = csrs + OTHER_WORDS[index]!;
    const value = i32[own]!;
    i32[own] = i32[other]!;
    i32[other] = value;
  }
  const { mstatus } = context;
  const coming = context.csrLow(CsrSlot.vsstatus);
  const leaving = mstatus & SSTATUS_BITS;
  context.setCsrLow(CsrSlot.mstatus, (mstatus & ~SSTATUS_BITS) | (coming & SSTATUS_BITS));
  context.setCsrLow(CsrSlot.vsstatus, leaving);
  context.i32(HartOffset.withheldStatus, isVirtual ? ~leaving : 0);
  context.i32(HartOffset.isVirtual, isVirtual ? 1 : 0);
}
