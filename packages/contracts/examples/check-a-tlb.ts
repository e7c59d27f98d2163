import type { TlbEntry, TlbModel } from '@worldswitch/contracts';
import { checkLaws, tlbModelLaws } from '@worldswitch/contracts/conformance';

/** A TLB of one entry whose author forgot that a fence may name one address space only. */
function createTinyTlb(): TlbModel {
  let held: TlbEntry | undefined;
  const counters = { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 };
  const matches = (entry: TlbEntry, asid: number, page: number) =>
    entry.page === page && (entry.asid === asid || (entry.flags & 0x20) !== 0);
  const tlb: TlbModel = {
    name: 'tiny',
    observesHits: false,
    onEvict: undefined,
    counters,
    lookup(asid, page) {
      counters.lookups++;
      if (held !== undefined && matches(held, asid, page)) return held;
      counters.misses++;
      return undefined;
    },
    insert(entry) {
      if (held !== undefined) {
        counters.evictions++;
        tlb.onEvict?.(held);
      }
      held = { ...entry };
      counters.insertions++;
    },
    flush() {
      counters.flushes++;
      held = undefined;
    },
    *entries() {
      if (held !== undefined) yield held;
    },
  };
  return tlb;
}

const outcomes = await checkLaws(tlbModelLaws(createTinyTlb));
export const lines = outcomes
  .filter(({ outcome }) => outcome === 'broken')
  .map(({ name, message }) => `${name}: ${message}`);
