import type { PhysicalMemory } from '@worldswitch/contracts';

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

/** Page tables in RAM, without further checks. Entries outside RAM are access faults. */
export function createPageTableMemory(memory: PhysicalMemory): PageTableMemory {
  return {
    low: 0,
    high: 0,
    readPte(frame, index) {
      const address = frame * 4096 + index * 8;
      if (!memory.contains(address, 8)) return false;
      this.low = memory.read32(address) | 0;
      this.high = memory.read32(address + 4) | 0;
      return true;
    },
    updatePte(frame, index, expectedLow, expectedHigh, low) {
      const address = frame * 4096 + index * 8;
      if (!memory.contains(address, 8)) return PteUpdate.fault;
      if ((memory.read32(address) | 0) !== expectedLow || (memory.read32(address + 4) | 0) !== expectedHigh)
        return PteUpdate.changed;
      memory.write32(address, low >>> 0);
      return PteUpdate.done;
    },
  };
}
