import { LAST_SPACE, type TranslationMode } from '@worldswitch/contracts';
import type { PrivilegeLevel } from '@worldswitch/isa';
import type { MachineMemory } from './machine-memory.ts';
import {
  FETCH_ENTRIES,
  FETCH_TABLE,
  indexMaskOf,
  LOAD_ENTRIES,
  RAM,
  STORABLE_FRAMES,
  STORE_ENTRIES,
  STORE_TABLE,
  STORE_TABLE_SIZE,
  TRANSLATION_ENTRY_SIZE,
  TRANSLATION_INDEX_SHIFT,
  TRANSLATION_SET_SIZE,
  TRANSLATION_SETS,
  TRANSLATIONS,
} from './memory-layout.ts';

const WORDS_PER_SET = TRANSLATION_SET_SIZE >>> 2;
const WORDS_PER_ENTRY = TRANSLATION_ENTRY_SIZE >>> 2;
/** Where a set's tables after the first begin, and how large the store table is. */
const STORE_WORDS = STORE_TABLE >>> 2;
const FETCH_WORDS = FETCH_TABLE >>> 2;
const WORDS_PER_STORE_TABLE = STORE_TABLE_SIZE >>> 2;
/** Regions of 1 GiB with large leaves that a set keeps apart: kernels have their text and their map of all memory. */
const SUPERPAGE_REGIONS = 4;
/** A set with at most so many entries made since it was empty is emptied entry by entry: kernels that fence often fill few. */
const NOTED_ENTRIES = 64;
/** Root frames from here on are outside any RAM, and share a key: nothing is ever entered for them. */
export const ROOT_FRAMES = 2 ** 29;

/** A guest's world: what besides its own page table decides on its translations, as a key, and its number in TLB entries. */
export interface GuestWorld {
  /** Above 0. */
  key: number;
  space: number;
}

/**
 * The inline software TLB: a pool of translation sets, one for each combination of address space and access rights in use, so
 * that changing the address space is choosing a set. What stands in a set was looked up in the TLB model and is still held by
 * it; physical (untranslated) sets stand outside the model.
 */
export class TranslationSets {
  readonly #i32: Int32Array;
  /** By frame of RAM: 1 where compiled code may store by physical address. */
  readonly #isStorable: Uint8Array;
  /** Sets by key, in maps by world: 0 is that outside of guests. */
  readonly #worlds = new Map<number, Map<number, number>>([[0, new Map()]]);
  readonly #worldOf: Float64Array;
  /** Of this hart's share: sets are numbered from its start. */
  readonly #keys: (number | undefined)[];
  readonly #asids: Int32Array;
  readonly #isPhysical: Uint8Array;
  /**
   * Where leaves above 4 KiB are in a set: regions of 1 GiB, as many as there is room for, and how many; beyond that anywhere.
   * Forgetting one page of such a leaf means forgetting all its pages.
   */
  readonly #superpageRegions: Float64Array;
  readonly #superpageCounts: Uint8Array;
  /** Where entries were made in a set since it was empty, and how many; above NOTED_ENTRIES, or before its first use, anywhere. */
  readonly #enteredWords: Int32Array;
  readonly #enteredCounts: Uint8Array;
  /** Byte offset of the share. */
  readonly #base: number;
  readonly #count: number;
  #next = 0;
  #generation = 0;
  /** No set from here on was ever claimed: free ones are taken from the start, so that scans stay short. */
  #used = 0;
  readonly #pinned: [number, number, number] = [-1, -1, -1];

  /** @param first,count the share of the machine's TRANSLATION_SETS sets: at least 4, as three are in use at a time. */
  constructor(memory: MachineMemory, first = 0, count = TRANSLATION_SETS) {
    this.#i32 = memory.i32;
    this.#isStorable = memory.u8.subarray(STORABLE_FRAMES, STORABLE_FRAMES + memory.ramSize / 4096);
    this.#base = TRANSLATIONS + first * TRANSLATION_SET_SIZE;
    this.#count = count;
    this.#keys = new Array(count).fill(undefined);
    this.#worldOf = new Float64Array(count);
    this.#asids = new Int32Array(count);
    this.#isPhysical = new Uint8Array(count);
    this.#superpageRegions = new Float64Array(count * SUPERPAGE_REGIONS);
    this.#superpageCounts = new Uint8Array(count);
    this.#enteredWords = new Int32Array(count * NOTED_ENTRIES);
    this.#enteredCounts = new Uint8Array(count).fill(NOTED_ENTRIES + 1);
  }

  /** Changes when a set is given to others: what `select` returned may no longer hold. */
  get generation(): number {
    return this.#generation;
  }

  /** The byte offset of the set for these conditions; clears and reuses another one when it does not exist yet. */
  select(
    mode: TranslationMode,
    asid: number,
    rootFrame: number,
    privilege: PrivilegeLevel,
    isSumSet: boolean,
    isMxrSet: boolean,
    world?: GuestWorld,
  ): number {
    const rights = asid | (mode << 16) | (privilege << 20) | (isSumSet ? 1 << 22 : 0) | (isMxrSet ? 1 << 23 : 0);
    const key = rights + Math.min(rootFrame, ROOT_FRAMES - 1) * 2 ** 24;
    const worldKey = world ? world.key : 0;
    const set =
      this.#worlds.get(worldKey)?.get(key) ??
      this.#claim(worldKey, key, world ? world.space : asid, mode === 0 && worldKey === 0);
    return this.#base + set * TRANSLATION_SET_SIZE;
  }

  /** Declares which sets the running context uses: they are not reused for others. */
  pin(data: number, fetch: number, flipped: number): void {
    this.#pinned[0] = (data - this.#base) / TRANSLATION_SET_SIZE;
    this.#pinned[1] = (fetch - this.#base) / TRANSLATION_SET_SIZE;
    this.#pinned[2] = (flipped - this.#base) / TRANSLATION_SET_SIZE;
  }

  #claim(world: number, key: number, asid: number, isPhysical: boolean): number {
    let set = this.#keys.indexOf(undefined);
    if (set < 0) {
      do {
        set = this.#next;
        this.#next = (this.#next + 1) % this.#count;
      } while (this.#pinned.includes(set));
      this.#forgetKey(set);
    }
    this.#keys[set] = key;
    this.#worldOf[set] = world;
    if (set >= this.#used) this.#used = set + 1;
    let sets = this.#worlds.get(world);
    if (sets === undefined) {
      sets = new Map();
      this.#worlds.set(world, sets);
    }
    sets.set(key, set);
    this.#asids[set] = asid;
    this.#isPhysical[set] = isPhysical ? 1 : 0;
    this.#clear(set);
    return set;
  }

  #forgetKey(set: number): void {
    this.#generation++;
    const world = this.#worldOf[set]!;
    const sets = this.#worlds.get(world)!;
    sets.delete(this.#keys[set]!);
    if (world !== 0 && sets.size === 0) this.#worlds.delete(world);
  }

  #clear(set: number): void {
    const count = this.#enteredCounts[set]!;
    if (count > NOTED_ENTRIES) {
      const start = (this.#base >>> 2) + set * WORDS_PER_SET;
      this.#i32.fill(-1, start, start + WORDS_PER_SET);
    } else {
      const first = set * NOTED_ENTRIES;
      for (let at = first; at < first + count; at++) this.#i32[this.#enteredWords[at]!] = -1;
    }
    this.#enteredCounts[set] = 0;
    this.#superpageCounts[set] = 0;
  }

  /** Forgets everything of a set: one in use stays selected and becomes empty, others go back to the pool. */
  #drop(set: number): void {
    if (this.#pinned.includes(set)) this.#clear(set);
    else {
      this.#forgetKey(set);
      this.#keys[set] = undefined;
    }
  }

  /**
   * @param set byte offset of the set. @param table LOAD_TABLE, STORE_TABLE or FETCH_TABLE. @param low,high halves of the
   * virtual address. @param wasmPage byte offset in the machine's memory of the page it is mapped to.
   */
  enter(set: number, table: number, low: number, high: number, wasmPage: number, level: number): void {
    const word = (set + table + ((low >>> TRANSLATION_INDEX_SHIFT) & indexMaskOf(table))) >>> 2;
    const pageLow = low & ~0xfff;
    const index = (set - this.#base) / TRANSLATION_SET_SIZE;
    if (this.#i32[word] === -1) this.#noteEntry(index, word);
    this.#i32[word] = pageLow;
    this.#i32[word + 1] = high;
    this.#i32[word + 2] = (wasmPage - pageLow) | 0;
    this.#i32[word + 3] = level;
    if (level > 0) this.#noteSuperpage(index, low, high, level);
  }

  #noteEntry(set: number, word: number): void {
    const count = this.#enteredCounts[set]!;
    if (count > NOTED_ENTRIES) return;
    if (count < NOTED_ENTRIES) this.#enteredWords[set * NOTED_ENTRIES + count] = word;
    this.#enteredCounts[set] = count + 1;
  }

  #noteSuperpage(set: number, low: number, high: number, level: number): void {
    const count = this.#superpageCounts[set]!;
    if (count > SUPERPAGE_REGIONS) return;
    const first = set * SUPERPAGE_REGIONS;
    const region = (high >>> 0) * 4 + (low >>> 30);
    if (level <= 2) {
      for (let at = first; at < first + count; at++) if (this.#superpageRegions[at] === region) return;
    }
    this.#superpageCounts[set] = level > 2 ? SUPERPAGE_REGIONS + 1 : count + 1;
    if (count < SUPERPAGE_REGIONS) this.#superpageRegions[first + count] = region;
  }

  /** Whether a leaf above 4 KiB in the set may hold the page. */
  #mayBeInSuperpage(set: number, page: number): boolean {
    const count = this.#superpageCounts[set]!;
    if (count > SUPERPAGE_REGIONS) return true;
    const first = set * SUPERPAGE_REGIONS;
    const region = Math.floor(page / 2 ** 18);
    for (let at = first; at < first + count; at++) if (this.#superpageRegions[at] === region) return true;
    return false;
  }

  /** Stores by physical address to this frame of RAM need the slow path no more, until `forgetStores` or `forgetAllStores`. */
  allowPhysicalStores(frame: number): void {
    this.#isStorable[frame] = 1;
  }

  /** Follows a flush of the TLB model. Untranslated sets stay. `isAlone`: the page is in no superpage that the model has. */
  flush(asid?: number, page?: number, isAlone = false): void {
    if (asid === undefined) this.flushSpaces(0, LAST_SPACE, page, isAlone);
    else this.flushSpaces(asid, asid, page, isAlone);
  }

  /** Likewise for a range of address spaces. */
  flushSpaces(first: number, last: number, page?: number, isAlone = false): void {
    for (let set = 0; set < this.#used; set++) {
      if (this.#keys[set] === undefined || this.#isPhysical[set] === 1) continue;
      const space = this.#asids[set]!;
      if (space < first || space > last) continue;
      if (page === undefined) this.#drop(set);
      else if (isAlone || !this.#mayBeInSuperpage(set, page)) this.#forgetPage(set, page);
      else if (this.#worldOf[set] === 0) this.#forgetLeaf(set, page);
      // A page of a guest may stand in leaves of two stages.
      else this.#drop(set);
    }
  }

  /** Follows the replacement of an entry of the TLB model. */
  evict(asid: number, page: number, isGlobal: boolean): void {
    for (let set = 0; set < this.#used; set++) {
      if (this.#keys[set] === undefined || this.#isPhysical[set] === 1) continue;
      if (isGlobal || this.#asids[set] === asid) this.#forgetPage(set, page);
    }
  }

  #forgetPage(set: number, page: number): void {
    const start = (this.#base >>> 2) + set * WORDS_PER_SET;
    this.#i32[start + (page % LOAD_ENTRIES) * WORDS_PER_ENTRY] = -1;
    this.#i32[start + STORE_WORDS + (page % STORE_ENTRIES) * WORDS_PER_ENTRY] = -1;
    this.#i32[start + FETCH_WORDS + (page % FETCH_ENTRIES) * WORDS_PER_ENTRY] = -1;
  }

  /** The page, and all others of a larger leaf that it may belong to. Kernels fence single pages often, and run in larger ones. */
  #forgetLeaf(set: number, page: number): void {
    this.#forgetPage(set, page);
    const start = (this.#base >>> 2) + set * WORDS_PER_SET;
    for (let word = start; word < start + WORDS_PER_SET; word += WORDS_PER_ENTRY) {
      const level = this.#i32[word + 3]!;
      if (level <= 0) continue;
      const other = (this.#i32[word + 1]! >>> 0) * 2 ** 20 + (this.#i32[word]! >>> 12);
      const pages = 512 ** level;
      if (Math.floor(other / pages) === Math.floor(page / pages)) this.#i32[word] = -1;
    }
  }

  /** Stores to this page of the machine's memory must take the slow path from now on: it holds code. */
  forgetStores(wasmPage: number): void {
    this.#isStorable[(wasmPage - RAM) / 4096] = 0;
    for (let set = 0; set < this.#used; set++) {
      if (this.#keys[set] === undefined) continue;
      let word = (this.#base >>> 2) + set * WORDS_PER_SET + STORE_WORDS;
      for (let entry = 0; entry < STORE_ENTRIES; entry++, word += WORDS_PER_ENTRY) {
        const tag = this.#i32[word]!;
        if (tag !== -1 && ((tag + this.#i32[word + 2]!) | 0) === (wasmPage | 0)) this.#i32[word] = -1;
      }
    }
  }

  /** Each first store to a page must take the slow path again: a new period of dirty marks begins. */
  forgetAllStores(): void {
    this.#isStorable.fill(0);
    for (let set = 0; set < this.#used; set++) {
      const start = (this.#base >>> 2) + set * WORDS_PER_SET + STORE_WORDS;
      this.#i32.fill(-1, start, start + WORDS_PER_STORE_TABLE);
    }
  }

  /** Forgets everything, untranslated sets too (physical memory protection changed). */
  reset(): void {
    for (let set = 0; set < this.#used; set++) if (this.#keys[set] !== undefined) this.#drop(set);
  }
}
