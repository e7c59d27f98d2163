import { tlbModelLaws } from '@worldswitch/contracts/conformance';
import { describe, expect, it } from 'vitest';
import { AccessKind, createSoftRefillTlb, MmuError, RefillCause, type SoftRefillTlb } from '../src/index.ts';

const USER = 0xd7; // V R W U A D
const entry = (asid: number, page: number, flags = USER) => ({ asid, page, frame: page + 100, flags, level: 0 });
const load = (tlb: SoftRefillTlb, asid: number, page: number) =>
  tlb.translate(asid, page, AccessKind.load, 0, false, false);

describe('software-refilled TLB', () => {
  for (const law of tlbModelLaws(() => createSoftRefillTlb({ entries: 32 }).model)) it(law.name, law.check);

  it('traps on a miss until software has written the entry', () => {
    const tlb = createSoftRefillTlb({ entries: 8 });
    expect(tlb.translate(1, 5, AccessKind.fetch, 0, false, false)).toBe(RefillCause.fetch);
    expect(tlb.translate(1, 5, AccessKind.store, 0, false, false)).toBe(RefillCause.store);
    expect(load(tlb, 1, 5)).toBe(RefillCause.load);
    tlb.writeRandom(entry(1, 5));
    expect(load(tlb, 1, 5)).toBe(0);
    expect(tlb.result.frame).toBe(105);
    expect(tlb.counters).toEqual({ refillTraps: 3, writes: 1 });
    expect(tlb.model.counters).toMatchObject({ lookups: 4, misses: 3 });
  });

  it('faults for an entry that does not allow the access: the miss was answered, with no', () => {
    const tlb = createSoftRefillTlb({ entries: 8 });
    tlb.writeRandom(entry(1, 5, USER & ~0x84));
    expect(tlb.translate(1, 5, AccessKind.store, 0, false, false)).toBe(15);
    expect(tlb.translate(1, 5, AccessKind.fetch, 0, false, false)).toBe(12);
    tlb.writeRandom(entry(1, 6, 0));
    expect(load(tlb, 1, 6)).toBe(13);
    // The dirty bit is software's to set, too.
    tlb.writeRandom(entry(1, 7, USER & ~0x80));
    expect(tlb.translate(1, 7, AccessKind.store, 0, false, false)).toBe(15);
    expect(tlb.counters.refillTraps).toBe(0);
  });

  it('never replaces a wired entry by chance', () => {
    const tlb = createSoftRefillTlb({ entries: 8, wired: 2 });
    tlb.write(0, entry(0, 1000));
    tlb.write(1, entry(0, 1001));
    const written = new Set<number>();
    for (let page = 0; page < 100; page++) written.add(tlb.writeRandom(entry(1, page)));
    expect([...written].sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(load(tlb, 0, 1000)).toBe(0);
    expect(tlb.read(1)?.page).toBe(1001);
    expect(tlb.model.counters.evictions).toBe(94);
  });

  it('finds entries by probe, without counting', () => {
    const tlb = createSoftRefillTlb({ entries: 8 });
    const index = tlb.writeRandom(entry(1, 5));
    expect(tlb.probe(1, 5)).toBe(index);
    expect(tlb.probe(2, 5)).toBe(-1);
    expect(tlb.model.counters.lookups).toBe(0);
    expect(() => tlb.write(8, entry(1, 1))).toThrow(MmuError);
    expect(() => createSoftRefillTlb({ entries: 4, wired: 4 })).toThrow(MmuError);
  });

  it('serves an OS whose page table is a hash map: nothing but its handler knows that', () => {
    const pages = new Map([...Array(64).keys()].map((page) => [page, entry(1, page)]));
    const tlb = createSoftRefillTlb({ entries: 16 });
    let faults = 0;
    for (let access = 0; access < 5000; access++) {
      const page = (access * 7 + (access >> 5)) % 70;
      while (load(tlb, 1, page) === RefillCause.load) {
        const found = pages.get(page);
        if (found === undefined) {
          faults++;
          break;
        }
        tlb.writeRandom(found);
      }
      if (page < 64) expect(tlb.result.frame).toBe(page + 100);
    }
    expect(faults).toBeGreaterThan(100);
    expect([...tlb.model.entries()].length).toBe(16);
  });
});
