/**
 * The page table entry of Sv39, Sv48 and Sv57 as two 32-bit halves, so that nothing here needs a bigint.
 *
 *    63 62..61 60......54 53...........10 9 8  7 6 5 4 3 2 1 0
 *    N   PBMT   reserved        PPN       RSW  D A G U X W R V
 *
 * Source: privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System", Sv39 page table entry; bit 63: "Svnapot", bits 61
 * and 62: "Svpbmt".
 */

/** PTE bits 0 to 7, which are what a TLB entry keeps. */
export const PteFlag = {
  valid: 1 << 0,
  read: 1 << 1,
  write: 1 << 2,
  execute: 1 << 3,
  user: 1 << 4,
  global: 1 << 5,
  accessed: 1 << 6,
  dirty: 1 << 7,
} as const;

/** Low half: the two bits that software may use as it likes (RSW). */
export const PTE_SOFTWARE_SHIFT = 8;
/** High half: bits 54 to 60, reserved for future standard use. */
export const PTE_HIGH_RESERVED = 0x1fc0_0000;
/** High half: bits 61 and 62, the page-based memory type (Svpbmt). 3 is reserved. */
export const PTE_HIGH_MEMORY_TYPE = 0x6000_0000;
/** High half: bit 63, part of a naturally aligned power-of-two range (Svnapot). Negative as the halves are signed. */
export const PTE_HIGH_NAPOT = 0x8000_0000 | 0;

/** Entries of a page table; the root of a G-stage table has four times as many. */
export const PTES_PER_TABLE = 512;
/** Pages that a leaf of a level maps, by level. */
export const PAGES_PER_LEAF: readonly number[] = [1, 2 ** 9, 2 ** 18, 2 ** 27, 2 ** 36];

/** Physical page number of an entry, in [0, 2^44). */
export function pteFrame(low: number, high: number): number {
  const upper = high & 0x3f_ffff;
  return upper === 0 ? low >>> 10 : (low >>> 10) + upper * 0x40_0000;
}

/** Low half of the entry with this physical page number and bits 0 to 9, signed. */
export function pteLow(frame: number, flags: number): number {
  // A shift of a number takes it modulo 2^32, so the page number's upper bits fall off as they should.
  return (frame << 10) | (flags & 0x3ff);
}

/** High half of the entry with this physical page number: bits 32 to 53, nothing else set. */
export function pteHigh(frame: number): number {
  return Math.floor(frame / 0x40_0000) & 0x3f_ffff;
}

/** A leaf maps memory; any other valid entry points to the next table (privileged ISA, translation process, step 4). */
export function isLeaf(low: number): boolean {
  return (low & (PteFlag.read | PteFlag.execute)) !== 0;
}

const letters = 'VRWXUGAD';

/** Bits 0 to 7 as people write them: `VRWXUGAD`, with `-` for a clear bit. */
export function formatPteFlags(flags: number): string {
  return [...letters].map((letter, bit) => ((flags >> bit) & 1 ? letter : '-')).join('');
}
