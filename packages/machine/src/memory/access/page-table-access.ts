import { Privilege } from '@worldswitch/isa';
import { AccessKind, type PageTableMemory, PteUpdate, pmpAllows } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';

/** The memory that walks read, under the physical memory protection of supervisor mode (privileged ISA, Sv39, step 2). */
export function protectPageTables(hart: Hart, memory: PageTableMemory): PageTableMemory {
  const isAllowed = (frame: number, index: number, kind: AccessKind): boolean => {
    const { pmp } = hart.current;
    return pmp.length === 0 || pmpAllows(pmp, frame * 4096 + index * 8, 8, kind, Privilege.supervisor);
  };
  return {
    get low() {
      return memory.low;
    },
    get high() {
      return memory.high;
    },
    readPte: (frame, index) => isAllowed(frame, index, AccessKind.load) && memory.readPte(frame, index),
    updatePte: (frame, index, expectedLow, expectedHigh, low) =>
      isAllowed(frame, index, AccessKind.store)
        ? memory.updatePte(frame, index, expectedLow, expectedHigh, low)
        : PteUpdate.fault,
  };
}
