/**
 * A TLB of one's own: direct-mapped, so that each page has one place, which the lowest bits of its number choose.
 * Try it: npx worldswitch compare --tlb packages/cli/examples/direct-mapped-tlb.ts
 */
import type { TlbEntry, TlbModel } from '@worldswitch/contracts';

const PLACES = 64;
/** G of a page-table entry: the translation is the same in all address spaces. */
const GLOBAL = 1 << 5;

const isGlobal = (entry: TlbEntry) => (entry.flags & GLOBAL) !== 0;
/** The number of the leaf that maps a page: a leaf of level 1 maps 512 of them, one of level 2 as many of these. */
const leafOf = (page: number, level: number) => Math.floor(page / 512 ** level);

export default function createDirectMappedTlb(): TlbModel {
  const places: (TlbEntry | undefined)[] = new Array(PLACES).fill(undefined);
  const counters = { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 };
  const tlb: TlbModel = {
    name: `direct-mapped ${PLACES}`,
    // A hit changes nothing, so that the engine may answer it by itself.
    observesHits: false,
    onEvict: undefined,
    counters,
    lookup(asid, page) {
      counters.lookups++;
      const entry = places[page % PLACES];
      if (entry?.page === page && (entry.asid === asid || isGlobal(entry))) return entry;
      counters.misses++;
      return undefined;
    },
    insert(entry) {
      const displaced = places[entry.page % PLACES];
      places[entry.page % PLACES] = { ...entry };
      counters.insertions++;
      if (displaced === undefined) return;
      counters.evictions++;
      tlb.onEvict?.(displaced);
    },
    // sfence.vma: a fence for an address space spares what is global, one for a page reaches all of the superpage.
    flush(asid, page) {
      counters.flushes++;
      for (const [place, entry] of places.entries()) {
        if (entry === undefined) continue;
        if (asid !== undefined && (entry.asid !== asid || isGlobal(entry))) continue;
        if (page !== undefined && leafOf(entry.page, entry.level) !== leafOf(page, entry.level)) continue;
        places[place] = undefined;
      }
    },
    *entries() {
      for (const entry of places) if (entry !== undefined) yield entry;
    },
  };
  return tlb;
}
