import type { TlbEntry, TlbModel } from '@worldswitch/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createNoTlb,
  createTlb,
  createUnboundedTlb,
  fifo,
  lru,
  MmuError,
  PteFlag,
  random,
  treePlru,
} from '../src/index.ts';
import { seed } from './random-seed.ts';

const entry = (asid: number, page: number, frame = page, flags = 0xdf, level = 0): TlbEntry => ({
  asid,
  page,
  frame,
  flags,
  level,
});
const isGlobal = ({ flags }: TlbEntry) => (flags & PteFlag.global) !== 0;

/** A list. What a fence reaches is written out from the text on SFENCE.VMA. */
function naiveTlb() {
  let list: TlbEntry[] = [];
  const matches = (item: TlbEntry, asid: number, page: number) =>
    item.page === page && (isGlobal(item) || item.asid === asid);
  return {
    lookup: (asid: number, page: number) => list.find((item) => matches(item, asid, page)),
    insert(item: TlbEntry) {
      list = list.filter(
        (old) => !(old.page === item.page && (isGlobal(old) || isGlobal(item) || old.asid === item.asid)),
      );
      list.push(item);
    },
    evict(item: TlbEntry) {
      list = list.filter((old) => !(old.page === item.page && old.asid === item.asid));
    },
    flush(asid?: number, page?: number) {
      list = list.filter((item) => {
        const leafBits = BigInt(9 * item.level);
        const isPage = page === undefined || BigInt(item.page) >> leafBits === BigInt(page) >> leafBits;
        const isSpace = asid === undefined || (item.asid === asid && !isGlobal(item));
        return !(isPage && isSpace);
      });
    },
  };
}

const page = fc.constantFrom(0, 1, 2, 3, 8, 9, 511, 512, 513, 1024, 2 ** 18, 2 ** 18 + 1, 2 ** 52 - 1, 2 ** 52 - 512);
const asid = fc.integer({ min: 0, max: 3 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      asid,
      page,
      frame: fc.nat({ max: 99 }),
      flags: fc.constantFrom(0xdf, 0xdf, 0xff),
      level: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('lookup' as const), asid, page }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      asid: fc.option(asid, { nil: undefined }),
      page: fc.option(page, { nil: undefined }),
    }),
  },
);

const models: readonly (() => TlbModel)[] = [
  () => createTlb({ sets: 1, ways: 64 }),
  () => createTlb({ sets: 4, ways: 2 }),
  () => createTlb({ sets: 2, ways: 4, policy: lru }),
  () => createTlb({ sets: 2, ways: 4, policy: treePlru }),
  () => createTlb({ sets: 4, ways: 3, policy: random(5) }),
  () => createTlb({ sets: 1, ways: 1 }),
  createUnboundedTlb,
];

describe('TLB models', () => {
  for (const create of models) {
    const { name } = create();
    it(`${name}: holds what a list holds less what it evicted (seed ${seed})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const tlb = create();
          const naive = naiveTlb();
          tlb.onEvict = (item) => naive.evict({ ...item });
          let lookups = 0;
          let misses = 0;
          for (const item of steps) {
            if (item.kind === 'insert') {
              tlb.insert(item);
              naive.insert(entry(item.asid, item.page, item.frame, item.flags, item.level));
            } else if (item.kind === 'flush') {
              tlb.flush(item.asid, item.page);
              naive.flush(item.asid, item.page);
            } else {
              const expected = naive.lookup(item.asid, item.page);
              lookups++;
              if (expected === undefined) misses++;
              const found = tlb.lookup(item.asid, item.page);
              expect(found && { ...found }).toEqual(expected);
            }
          }
          expect(tlb.counters).toMatchObject({ lookups, misses });
          for (const held of tlb.entries()) expect(naive.lookup(held.asid, held.page)).toEqual(held);
        }),
        { seed, numRuns: 500 },
      );
    });
  }

  it('without a TLB each access misses', () => {
    const tlb = createNoTlb();
    tlb.insert(entry(0, 1));
    expect(tlb.lookup(0, 1)).toBeUndefined();
    expect(tlb.counters).toMatchObject({ lookups: 1, misses: 1 });
    expect(tlb.observesHits).toBe(true);
  });

  it('refuses sizes that make no TLB', () => {
    expect(() => createTlb({ sets: 3, ways: 1 })).toThrow(MmuError);
    expect(() => createTlb({ sets: 4, ways: 0 })).toThrow(MmuError);
    expect(() => createTlb({ sets: 4, ways: 3, policy: treePlru })).toThrow(RangeError);
  });
});

describe('a flush of everything', () => {
  it.each([0, 1, 63, 64, 65, 300])('leaves nothing of %i pages, time after time', (count) => {
    const tlb = createTlb({ sets: 128, ways: 4 });
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < count; number++) tlb.insert(entry(0, number));
      for (let number = 0; number < count; number++) expect(tlb.lookup(0, number)).toBeDefined();
      tlb.flush();
      expect([...tlb.entries!()]).toEqual([]);
      for (let number = 0; number < count; number++) expect(tlb.lookup(0, number)).toBeUndefined();
    }
  });

  it('leaves nothing of a restored state', () => {
    const options = { sets: 128, ways: 4 };
    const saved = createTlb(options);
    for (let number = 0; number < 10; number++) saved.insert(entry(0, number));
    const tlb = createTlb(options);
    tlb.insert(entry(0, 90));
    tlb.restore!(saved.save!());
    expect(tlb.lookup(0, 90)).toBeUndefined();
    tlb.insert(entry(0, 80));
    tlb.flush();
    for (const number of [0, 9, 80]) expect(tlb.lookup(0, number)).toBeUndefined();
  });
});

describe('replacement', () => {
  /** Pages left of 1..4 in a set of four after touching some and inserting 5. */
  const replacedBy = (policy: typeof fifo, touched: readonly number[]) => {
    const tlb = createTlb({ sets: 1, ways: 4, policy });
    const evicted: number[] = [];
    tlb.onEvict = (item) => evicted.push(item.page);
    for (const number of [1, 2, 3, 4]) tlb.insert(entry(0, number));
    for (const number of touched) tlb.lookup(0, number);
    tlb.insert(entry(0, 5));
    return evicted;
  };

  it('fifo takes the oldest, whatever was used', () => expect(replacedBy(fifo, [1, 2])).toEqual([1]));
  it('lru takes the one not used for longest', () => {
    expect(replacedBy(lru, [1, 2])).toEqual([3]);
    expect(replacedBy(lru, [1, 4, 3, 1])).toEqual([2]);
  });
  it('tree-plru points away from the last use', () => {
    const [victim] = replacedBy(treePlru, [4, 3, 2, 1]);
    expect([3, 4]).toContain(victim);
    expect(replacedBy(treePlru, [1, 2, 3])).not.toEqual([3]);
  });
  it('random repeats for a seed and differs between seeds', () => {
    const run = (number: number) => {
      const tlb = createTlb({ sets: 1, ways: 8, policy: random(number) });
      const evicted: number[] = [];
      tlb.onEvict = (item) => evicted.push(item.page);
      for (let next = 0; next < 200; next++) tlb.insert(entry(0, next));
      return evicted;
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
  it('a loop over one page more than fits: fifo and lru always miss, random does not', () => {
    const misses = (policy: typeof fifo) => {
      const tlb = createTlb({ sets: 1, ways: 16, policy });
      for (let turn = 0; turn < 17 * 100; turn++) {
        const number = turn % 17;
        if (tlb.lookup(0, number) === undefined) tlb.insert(entry(0, number));
      }
      return tlb.counters.misses;
    };
    expect(misses(fifo)).toBe(1700);
    expect(misses(lru)).toBe(1700);
    expect(misses(random(3))).toBeLessThan(900);
  });
});
