import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { FETCH_TABLE, indexMaskOf, RAM, STORE_TABLE, TRANSLATION_INDEX_SHIFT } from '../memory-layout.ts';

/** Enters a translation in the inline software TLB, unless the TLB model must see every access. */
export function remember(hart: Hart, table: number, low: number, high: number, wasmPage: number): void {
  if ((hart.leafLevel >= 0 && hart.tlb.observesHits) || !hart.isWholePageAllowed) return;
  const { current: context, points } = hart;
  // The sets in force are not those of hypervisor loads and stores.
  if (context.guestAccess >= 0) return;
  if (points && (table === FETCH_TABLE ? points.holdsFetches(hart, low, high) : points.holdsData(low, high))) return;
  const offset = table === FETCH_TABLE ? HartOffset.fetchTranslations : HartOffset.dataTranslations;
  const set = hart.memory.i32[context.word + offset / 4]!;
  hart.sets.enter(set, table, low, high, wasmPage, hart.leafLevel);
}

/** Lets compiled code store to a page that was marked dirty, unless it holds code. */
export function allowStores(hart: Hart, low: number, high: number, wasmPage: number): void {
  const frame = (wasmPage - RAM) / 4096;
  if (hart.ram.code.isCode[frame] !== 0) return;
  remember(hart, STORE_TABLE, low, high, wasmPage);
  if (hart.memory.i32[hart.current.word + HartOffset.codeVariant / 4] !== 0) hart.sets.allowPhysicalStores(frame);
}

/** Byte offset in the machine's memory by a table of the set that stands at `offset` of the context, or -1 for a miss. */
export function inlineAddress(hart: Hart, offset: number, table: number, low: number, high: number): number {
  const { i32 } = hart.memory;
  const set = i32[hart.current.word + offset / 4]!;
  const word = (set + table + ((low >>> TRANSLATION_INDEX_SHIFT) & indexMaskOf(table))) >>> 2;
  if (i32[word] !== (low & ~0xfff) || i32[word + 1] !== high) return -1;
  return (low + i32[word + 2]!) >>> 0;
}
