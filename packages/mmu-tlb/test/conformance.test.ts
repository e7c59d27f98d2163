import type { TlbModel } from '@worldswitch/contracts';
import { checkLaws, type Law, tlbModelLaws } from '@worldswitch/contracts/conformance';
import { describe, expect, it } from 'vitest';
import { createNoTlb, createTlb, createUnboundedTlb, lru, random, treePlru } from '../src/index.ts';

const models: Record<string, Law[]> = {
  'one entry': tlbModelLaws(() => createTlb({ sets: 1, ways: 1 })),
  '64x4 fifo': tlbModelLaws(() => createTlb({ sets: 64, ways: 4 })),
  '1x48 lru': tlbModelLaws(() => createTlb({ sets: 1, ways: 48, policy: lru })),
  '8x8 tree-plru': tlbModelLaws(() => createTlb({ sets: 8, ways: 8, policy: treePlru })),
  '16x3 random': tlbModelLaws(() => createTlb({ sets: 16, ways: 3, policy: random(9) })),
  unbounded: tlbModelLaws(createUnboundedTlb),
  none: tlbModelLaws(createNoTlb, { holdsEntries: false }),
};

for (const [name, laws] of Object.entries(models)) {
  describe(`TlbModel: ${name}`, () => {
    for (const law of laws) it.skipIf(law.skipped !== undefined)(law.name, law.check);
  });
}

describe('the TlbModel laws notice', () => {
  const create = () => createTlb({ sets: 64, ways: 4 });
  const broken = async (change: (tlb: TlbModel) => Partial<TlbModel>) => {
    const outcomes = await checkLaws(
      tlbModelLaws(() => {
        const tlb = create();
        const variant = Object.create(tlb, {
          // The engine sets it on what it was given.
          onEvict: {
            get: () => tlb.onEvict,
            set: (value) => {
              tlb.onEvict = value;
            },
          },
        }) as TlbModel;
        return Object.assign(variant, change(tlb));
      }),
    );
    return outcomes.filter(({ outcome }) => outcome === 'broken').map(({ name }) => name);
  };

  it('nothing about the real one', async () => expect(await broken(() => ({}))).toEqual([]));

  it.each<[string, (tlb: TlbModel) => Partial<TlbModel>, string]>([
    [
      'a fence for one page that is dropped',
      (tlb) => ({ flush: (asid, page) => (page === undefined ? tlb.flush(asid) : undefined) }),
      'flush(asid, page) forgets that page of that address space',
    ],
    [
      'a fence that takes ASID 0 and page 0 for none',
      (tlb) => ({ flush: (asid, page) => (asid && !page ? tlb.flush(asid) : tlb.flush(asid || undefined, page || 1)) }),
      'flush(asid, page) forgets that page of that address space',
    ],
    [
      'a fence of an address space that forgets all others too',
      (tlb) => ({ flush: (asid, page) => tlb.flush(undefined, asid === undefined ? page : undefined) }),
      'flush(asid) leaves other address spaces and global entries',
    ],
    [
      'an ASID that is not compared',
      (tlb) => ({ lookup: (_asid, page) => tlb.lookup(1, page) ?? tlb.lookup(2, page) }),
      'an entry is not found under another page or ASID',
    ],
    [
      'global entries that belong to one address space',
      (tlb) => ({ insert: (item) => tlb.insert({ ...item, flags: item.flags & ~0x20 }) }),
      'a global entry is found under each ASID',
    ],
    [
      'superpages whose pieces are fenced one by one',
      (tlb) => ({
        insert: (item) => tlb.insert({ ...item, level: 0 }),
      }),
      'a flush for any page of a superpage forgets each piece of it',
    ],
    [
      'evictions that nobody hears of',
      (tlb) => {
        Object.defineProperty(tlb, 'onEvict', { get: () => undefined, set() {} });
        return {};
      },
      'what is not found any more was reported as evicted',
    ],
    ['misses that are not counted', (tlb) => ({ counters: { ...tlb.counters } }), 'lookups and misses are counted'],
  ])('%s', async (_what, change, law) => {
    expect(await broken(change)).toContain(law);
  });
});
