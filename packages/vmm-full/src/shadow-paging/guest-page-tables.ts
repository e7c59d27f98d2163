import { type PageTableMemory, PteUpdate } from '@worldswitch/mmu-tlb';
import type { GuestRam } from '../virtual-board/guest-ram.ts';

/** The guest's own page tables, in its RAM. Entries elsewhere are access faults of the guest. */
export function guestPageTables(ram: GuestRam): PageTableMemory {
  const { memory } = ram;
  return {
    low: 0,
    high: 0,
    readPte(frame, index) {
      const hostFrame = ram.hostFrame(frame);
      if (hostFrame < 0) return false;
      const address = hostFrame * 4096 + index * 8;
      this.low = memory.read32(address) | 0;
      this.high = memory.read32(address + 4) | 0;
      return true;
    },
    updatePte(frame, index, expectedLow, expectedHigh, low) {
      const hostFrame = ram.hostFrame(frame);
      if (hostFrame < 0) return PteUpdate.fault;
      const address = hostFrame * 4096 + index * 8;
      if ((memory.read32(address) | 0) !== expectedLow || (memory.read32(address + 4) | 0) !== expectedHigh)
        return PteUpdate.changed;
      memory.write32(address, low >>> 0);
      return PteUpdate.done;
    },
  };
}
