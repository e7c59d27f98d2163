import { PAGE_SIZE, type PhysicalMemory } from '@worldswitch/contracts';
import { MmuError } from './mmu-error.ts';

/** What became of an attempt to set A and D bits: `changed` sends the walk back to read the entry again. */
export const PteUpdate = { done: 0, changed: 1, fault: 2 } as const;
export type PteUpdate = (typeof PteUpdate)[keyof typeof PteUpdate];

/**
 * Where a walk reads page table entries: physical memory behind whatever checks it (PMA, PMP), or a guest's memory behind
 * another stage of translation. Entries are named by table frame and index, which are small integers, and come back in two
 * fields, so that a walk allocates nothing.
 */
export interface PageTableMemory {
  /** Halves of the entry that was read last, as signed 32-bit integers. */
  low: number;
  high: number;
  /**
   * Reads an entry in one 8-byte access.
   * @param frame physical page number of the table. @param index 0 to 511, to 2047 for the root of a G-stage table.
   * @returns false when the access is not allowed there.
   */
  readPte(frame: number, index: number): boolean;
  /** Atomically: if the entry still is {expectedLow, expectedHigh}, its low half becomes `low`. */
  updatePte(frame: number, index: number, expectedLow: number, expectedHigh: number, low: number): PteUpdate;
}

/**
 * Page tables in RAM, without further checks. Entries outside of RAM are access faults.
 * @throws MmuError for memory that does not begin and end with a frame.
 */
export function createPageTableMemory(memory: PhysicalMemory): PageTableMemory {
  if (memory.base % PAGE_SIZE !== 0 || memory.size % PAGE_SIZE !== 0)
    throw new MmuError('page tables need a memory of whole frames');
  // An optimisation to skip on a first reading: words of RAM by frame and index are small integers all the way.
  const { bytes } = memory;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const firstFrame = memory.base / PAGE_SIZE;
  const frames = memory.size / PAGE_SIZE;
  /** Position of an entry's low half, or -1. The upper bits of an index lead into the following frames (G-stage root). */
  const position = (frame: number, index: number): number => {
    const inRam = frame - firstFrame + (index >> 9);
    return inRam >= 0 && inRam < frames ? inRam * 1024 + (index & 511) * 2 : -1;
  };
  return {
    low: 0,
    high: 0,
    readPte(frame, index) {
      const word = position(frame, index);
      if (word < 0) return false;
      this.low = words[word]!;
      this.high = words[word + 1]!;
      return true;
    },
    updatePte(frame, index, expectedLow, expectedHigh, low) {
      const word = position(frame, index);
      if (word < 0) return PteUpdate.fault;
      if (words[word] !== expectedLow || words[word + 1] !== expectedHigh) return PteUpdate.changed;
      memory.write32(frame * PAGE_SIZE + index * 8, low >>> 0);
      return PteUpdate.done;
    },
  };
}
