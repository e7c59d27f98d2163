import { CACHE_BLOCK_BYTES, ExceptionCause } from '@worldswitch/isa';
import { AccessKind } from '@worldswitch/mmu-tlb';
import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { RAM, STORE_TABLE } from '../memory-layout.ts';
import { allowStores, inlineAddress } from './inline-table.ts';
import { countDataAccess, translate, translateForBytes, wasmPageOf } from './translate.ts';

/** Stores zeros into the cache block around the address, which must be RAM. False: the fault is noted. */
export function zeroCacheBlock(hart: Hart, low: number, high: number): boolean {
  countDataAccess(hart.current);
  const block = low & -CACHE_BLOCK_BYTES;
  let at = inlineAddress(hart, HartOffset.dataTranslations, STORE_TABLE, block, high);
  if (at < 0) {
    const wasmPage = translateForBytes(hart, block, high, AccessKind.store, CACHE_BLOCK_BYTES);
    if (wasmPage < 0) return atOperand(hart, low);
    hart.points?.noteAccess(hart, block, high, CACHE_BLOCK_BYTES, false, true);
    at = wasmPage + (block & 0xfff);
    hart.ram.noteOffset(at - RAM, CACHE_BLOCK_BYTES);
    // The other blocks of the page are next.
    allowStores(hart, block, high, wasmPage);
  }
  const { i32 } = hart.memory;
  const word = at >>> 2;
  for (let i = 0; i < CACHE_BLOCK_BYTES / 4; i++) i32[word + i] = 0;
  return true;
}

/**
 * Whether a cache-block management instruction may reach the block around the address: whoever may load or store may, and the
 * faults are those of stores. No one may store without loading. False: the fault is noted.
 */
export function checkCacheBlock(hart: Hart, low: number, high: number): boolean {
  countDataAccess(hart.current);
  const block = low & -CACHE_BLOCK_BYTES;
  const frame = translate(hart, block, high, AccessKind.load, CACHE_BLOCK_BYTES);
  if (frame >= 0) {
    if (wasmPageOf(hart, frame) >= 0 || hart.bus.find(frame * 4096 + (block & 0xfff), 4)) return true;
    hart.noteFault(ExceptionCause.storeAccessFault, low, high);
    return false;
  }
  const cause = hart.memory.i32[hart.current.word + HartOffset.trapCause / 4]!;
  hart.current.i32(HartOffset.trapCause, storeCauses.get(cause) ?? cause);
  return atOperand(hart, low);
}

/** Puts the fault on the address that the instruction has, not on that of the cache block around it (Zicbom, "Traps"). */
function atOperand(hart: Hart, low: number): false {
  hart.current.i32(HartOffset.trapValue, low);
  return false;
}

/** The store fault that corresponds to a load fault. */
const storeCauses: ReadonlyMap<number, number> = new Map([
  [ExceptionCause.loadAccessFault, ExceptionCause.storeAccessFault],
  [ExceptionCause.loadPageFault, ExceptionCause.storePageFault],
  [ExceptionCause.loadGuestPageFault, ExceptionCause.storeGuestPageFault],
]);
