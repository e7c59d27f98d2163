import { ExceptionCause } from '@worldswitch/isa';
import { AccessKind } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { LOAD_TABLE, RAM } from '../memory-layout.ts';
import { allowStores, remember } from './inline-table.ts';
import { countDataAccess, fault, translateForBytes } from './translate.ts';

/**
 * Byte offset in the machine's memory of the naturally aligned operand of an atomic, or -1 with the fault noted.
 * Atomics reach RAM only. A load-reserved faults as a load, everything else as a store.
 */
export function atomicWasm(hart: Hart, low: number, high: number, width: 4 | 8 | 16, isLoadReserved: boolean): number {
  countDataAccess(hart.current);
  if ((low & (width - 1)) !== 0) {
    const cause = isLoadReserved ? ExceptionCause.loadAddressMisaligned : ExceptionCause.storeAddressMisaligned;
    return fault(hart, cause, low, high);
  }
  const wasmPage = translateForBytes(hart, low, high, isLoadReserved ? AccessKind.load : AccessKind.store, width);
  if (wasmPage < 0) return -1;
  const at = wasmPage + (low & 0xfff);
  if (isLoadReserved) remember(hart, LOAD_TABLE, low, high, wasmPage);
  else {
    hart.ram.noteOffset(at - RAM, width);
    allowStores(hart, low, high, wasmPage);
  }
  return at;
}
