import { BARE_ASID, guestSpace, LAST_SPACE, MAX_ASID } from '@worldswitch/contracts';
import type { Hart } from './hart.ts';

/** sfence.vma: forgets translations of all address spaces or one, of all pages or one. */
export function fence(hart: Hart, asid?: number, page?: number): void {
  hart.observer?.tlbFlush?.(hart, asid, page);
  if (hart.guest.isUsed && asid === undefined) {
    fenceSpaces(hart, 0, MAX_ASID, page);
    return;
  }
  // The sets hold nothing that the model does not.
  const extent = page === undefined ? 'superpage' : (hart.tlb.extentOf?.(page) ?? 'superpage');
  hart.tlb.flush(asid, page);
  if (extent !== 'nothing') hart.sets.flush(asid, page, extent === 'page');
}

/** hfence.vvma of a virtual machine, or, with `vmid` alone or without, hfence.gvma. */
export function fenceGuest(hart: Hart, vmid?: number, asid?: number, page?: number): void {
  if (vmid === undefined) fenceSpaces(hart, guestSpace(0, 0), LAST_SPACE, page);
  else if (asid === undefined) fenceSpaces(hart, guestSpace(vmid, 0), guestSpace(vmid, BARE_ASID), page);
  else {
    hart.tlb.flush(guestSpace(vmid, asid), page);
    hart.sets.flush(guestSpace(vmid, asid), page);
  }
}

function fenceSpaces(hart: Hart, first: number, last: number, page: number | undefined): void {
  // A model that cannot tell them apart forgets more than it must.
  if (hart.tlb.flushSpaces) {
    hart.tlb.flushSpaces(first, last, page);
    hart.sets.flushSpaces(first, last, page);
  } else {
    hart.tlb.flush(undefined, page);
    hart.sets.flush(undefined, page);
  }
}
