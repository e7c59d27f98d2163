/**
 * One `WebAssembly.Memory` holds everything that running guest code touches: hart contexts, the inline software TLB and RAM.
 * Addresses in this file are byte offsets in that memory.
 *
 *   0 ........ 64 KiB     never used, so that a zero base address is noticed
 *   CONTEXTS              MAX_CONTEXTS hart contexts of CONTEXT_SIZE bytes (hart-state.ts)
 *   TRANSLATIONS          software TLB: TRANSLATION_SETS sets, one per address space and access rights (software-tlb.ts)
 *   ENGINE                the engines' own tables (engine/compiler/layout.ts, engine/interpreter/layout.ts)
 *   STORABLE_FRAMES       a byte for each frame of RAM: whether stores by physical address need no more looking at
 *   RAM                   guest physical RAM_BASE onwards
 */
export const CONTEXTS = 0x1_0000;
export const CONTEXT_SIZE = 0x1000;
export const MAX_CONTEXTS = 240;

export const TRANSLATIONS = 0x10_0000;
/**
 * Entries of each table of a set; powers of two. Programs read more pages by turns than they write, and 16 MiB are 4096 pages. Linux
 * and what it starts run code of some 500 pages by turns. Stores are looked for page by page where code is found (`forgetStores`), so
 * that their table had better be small.
 */
export const LOAD_ENTRIES = 4096;
export const STORE_ENTRIES = 256;
export const FETCH_ENTRIES = 1024;
/** Bytes of an entry: {i64 tag, i32 addend, i32 level of the leaf}. */
export const TRANSLATION_ENTRY_SIZE = 16;
/** Where a page's entry is in a table: (address >>> TRANSLATION_INDEX_SHIFT) & indexMaskOf(table), in bytes. */
export const TRANSLATION_INDEX_SHIFT = 8;
export const FETCH_INDEX_MASK = (FETCH_ENTRIES - 1) * TRANSLATION_ENTRY_SIZE;
const LOAD_TABLE_SIZE = LOAD_ENTRIES * TRANSLATION_ENTRY_SIZE;
export const STORE_TABLE_SIZE = STORE_ENTRIES * TRANSLATION_ENTRY_SIZE;
/** A set is a load table, then a store table, then a fetch table. */
export const LOAD_TABLE = 0;
export const STORE_TABLE = LOAD_TABLE_SIZE;
export const FETCH_TABLE = STORE_TABLE + STORE_TABLE_SIZE;
export const TRANSLATION_SET_SIZE = FETCH_TABLE + FETCH_ENTRIES * TRANSLATION_ENTRY_SIZE;
export const TRANSLATION_SETS = 64;

export const ENGINE = 0x68_0000;
const ENGINE_SIZE = 0x130_0000;

export const STORABLE_FRAMES = ENGINE + ENGINE_SIZE;
/** As many as frames of the largest RAM (3 GiB), rounded up. */
const STORABLE_FRAMES_SIZE = 0x10_0000;

export const RAM = STORABLE_FRAMES + STORABLE_FRAMES_SIZE;
/** Guest physical address of RAM (QEMU virt board). */
export const RAM_BASE = 0x8000_0000;

/** See TRANSLATION_INDEX_SHIFT. */
export function indexMaskOf(table: number): number {
  if (table === LOAD_TABLE) return (LOAD_ENTRIES - 1) * TRANSLATION_ENTRY_SIZE;
  return table === STORE_TABLE ? (STORE_ENTRIES - 1) * TRANSLATION_ENTRY_SIZE : FETCH_INDEX_MASK;
}
