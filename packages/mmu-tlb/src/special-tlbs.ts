import type { SavedState, TlbEntry, TlbModel } from '@worldswitch/contracts';
import { PteFlag } from './pte.ts';
import { coversPage } from './tlb.ts';
import { eachEntry, flattenEntries, requireTlbState, restoreCounters, saveCounters } from './tlb-state.ts';

/** A TLB that never has to replace anything: the best that any size or policy could reach. */
export function createUnboundedTlb(): TlbModel {
  /** Entries by ASID and page; global ones under -1. */
  const spaces = new Map<number, Map<number, TlbEntry>>();
  const globals = new Map<number, TlbEntry>();
  spaces.set(-1, globals);
  let superpagePieces = 0;

  const remove = (space: Map<number, TlbEntry>, page: number, isReplaced: boolean) => {
    const entry = space.get(page);
    if (entry === undefined) return;
    space.delete(page);
    if (entry.level > 0) superpagePieces--;
    if (isReplaced) model.onEvict?.(entry);
  };
  const clear = (space: Map<number, TlbEntry> | undefined) => {
    if (space === undefined) return;
    if (superpagePieces > 0) for (const entry of space.values()) if (entry.level > 0) superpagePieces--;
    space.clear();
  };
  const flushPage = (space: Map<number, TlbEntry> | undefined, page: number) => {
    if (space === undefined) return;
    remove(space, page, false);
    if (superpagePieces === 0) return;
    for (const entry of space.values()) if (coversPage(entry, page)) remove(space, entry.page, false);
  };

  const model: TlbModel = {
    name: 'unbounded',
    observesHits: false,
    onEvict: undefined,
    counters: { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 },
    lookup(asid, page) {
      model.counters.lookups++;
      const entry = spaces.get(asid)?.get(page) ?? globals.get(page);
      if (entry === undefined) model.counters.misses++;
      return entry;
    },
    insert(entry) {
      const isGlobal = (entry.flags & PteFlag.global) !== 0;
      if (isGlobal) for (const space of spaces.values()) remove(space, entry.page, true);
      else remove(globals, entry.page, true);
      let space = isGlobal ? globals : spaces.get(entry.asid);
      if (space === undefined) {
        space = new Map();
        spaces.set(entry.asid, space);
      }
      remove(space, entry.page, true);
      const { asid, page, frame, flags, level } = entry;
      space.set(page, { asid, page, frame, flags, level });
      if (entry.level > 0) superpagePieces++;
      model.counters.insertions++;
    },
    flush(asid, page) {
      model.counters.flushes++;
      if (page !== undefined) {
        if (asid !== undefined) flushPage(spaces.get(asid), page);
        else for (const space of spaces.values()) flushPage(space, page);
      } else if (asid !== undefined) clear(spaces.get(asid));
      else for (const space of spaces.values()) clear(space);
    },
    flushSpaces(first, last, page) {
      model.counters.flushes++;
      for (const [number, space] of spaces) {
        if (number >= 0 && (number < first || number > last)) continue;
        if (number < 0)
          for (const entry of space.values()) {
            if (entry.asid < first || entry.asid > last) continue;
            if (page === undefined || coversPage(entry, page)) remove(space, entry.page, false);
          }
        else if (page === undefined) clear(space);
        else flushPage(space, page);
      }
    },
    *entries() {
      for (const space of spaces.values()) yield* space.values();
    },
    save() {
      function* all(): Generator<readonly [number, TlbEntry]> {
        for (const [key, space] of spaces) for (const entry of space.values()) yield [key, entry];
      }
      const { name, counters } = model;
      return { name, counters: saveCounters(counters), entries: flattenEntries(all()), policy: [...spaces.keys()] };
    },
    restore(state: SavedState) {
      const { counters, entries, policy } = requireTlbState(model, state);
      for (const space of spaces.values()) space.clear();
      spaces.clear();
      superpagePieces = 0;
      // The order of spaces is that of `entries()`.
      for (const key of policy) spaces.set(key, key === -1 ? globals : new Map());
      for (const [key, entry] of eachEntry(entries)) {
        spaces.get(key)?.set(entry.page, entry);
        if (entry.level > 0) superpagePieces++;
      }
      restoreCounters(model.counters, counters);
    },
  };
  return model;
}

/** No TLB at all: each access walks the page table. Says that it observes hits so that nobody caches in its stead. */
export function createNoTlb(): TlbModel {
  const counters = { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 };
  const model: TlbModel = {
    name: 'none',
    observesHits: true,
    onEvict: undefined,
    counters,
    lookup() {
      counters.lookups++;
      counters.misses++;
      return undefined;
    },
    insert() {},
    flush() {
      counters.flushes++;
    },
    flushSpaces() {
      counters.flushes++;
    },
    *entries() {},
    save: () => ({ name: 'none', counters: saveCounters(counters), entries: [], policy: [] }),
    restore(state: SavedState) {
      restoreCounters(counters, requireTlbState(model, state).counters);
    },
  };
  return model;
}
