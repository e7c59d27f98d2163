declare const space: unique symbol;

/** A physical address of the simulated machine, in bytes: an integer in [0, 2^53). */
export type HostPhysical = number & { readonly [space]?: 'host-physical' };
/** An address that a guest believes to be physical, in bytes. A VMM maps it to a HostPhysical one. */
export type GuestPhysical = number & { readonly [space]?: 'guest-physical' };

/** Bytes of a page and of a frame, and the number of bits of the offset in it (privileged ISA, Sv39). */
export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** Virtual page number of a 64-bit virtual address: a number in [0, 2^52), exact. */
export function virtualPageNumber(address: bigint): number {
  return Number(BigInt.asUintN(64, address) >> 12n);
}
