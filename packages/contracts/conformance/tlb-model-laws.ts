import { BARE_ASID, guestSpace, MAX_ASID, type TlbEntry, type TlbModel } from '../src/index.ts';
import { type Law, requireEqual, requireThat } from './law.ts';

export interface TlbModelLawOptions {
  /** False for a model that keeps nothing, on purpose (no TLB at all). Default true. */
  readonly holdsEntries?: boolean;
}

/** PTE bits of an ordinary page: V R W U A D, and with G. */
const LOCAL = 0xd7;
const GLOBAL = 0xf7;

const entry = (asid: number, page: number, overrides: Partial<TlbEntry> = {}): TlbEntry => ({
  asid,
  page,
  frame: page + 1000,
  flags: LOCAL,
  level: 0,
  ...overrides,
});

const fields = (found: TlbEntry | undefined) =>
  found && { asid: found.asid, page: found.page, frame: found.frame, flags: found.flags, level: found.level };

/**
 * What every TlbModel does, of whatever size and policy. Fences must forget all that they name (privileged ISA, SFENCE.VMA) and,
 * so that counts mean something, nothing else.
 * @param create gives a new, empty model each time.
 */
export function tlbModelLaws(create: () => TlbModel, options: TlbModelLawOptions = {}): Law[] {
  const laws: Law[] = [];
  const law = (name: string, check: () => void) => laws.push({ name, check });
  /** A law about what is held does not apply to a model that holds nothing. */
  const holding = (name: string, check: () => void) =>
    laws.push(
      options.holdsEntries === false ? { name, check, skipped: 'this model holds no entries' } : { name, check },
    );
  /** Inserts one entry only, so that any size has room for it. */
  const holds = (tlb: TlbModel, asid: number, page: number) => tlb.lookup(asid, page) !== undefined;
  /** A new model that holds this one entry. */
  const withEntry = (item: TlbEntry) => {
    const tlb = create();
    tlb.insert(item);
    requireEqual(fields(tlb.lookup(item.asid, item.page)), item, 'the entry just inserted');
    return tlb;
  };

  law('an empty TLB misses', () => {
    const tlb = create();
    requireEqual(tlb.lookup(0, 0), undefined, 'lookup in an empty TLB');
    requireEqual([...tlb.entries()].length, 0, 'entries of an empty TLB');
  });

  law('lookups and misses are counted', () => {
    const tlb = create();
    tlb.insert(entry(1, 5));
    let misses = 0;
    for (const page of [5, 6, 5, 7]) if (!holds(tlb, 1, page)) misses++;
    requireEqual(tlb.counters.lookups, 4, 'counters.lookups');
    requireEqual(tlb.counters.misses, misses, 'counters.misses');
  });

  holding('an inserted entry is found, as it was', () => {
    for (const [asid, page] of [
      [0, 0],
      [65535, 2 ** 52 - 1],
      [7, 0x8_0000],
    ] as const)
      withEntry(entry(asid, page));
    withEntry(entry(1, 700, { level: 1, flags: 0x4b, frame: 2 ** 44 - 1 }));
  });

  holding('an entry is a copy: what the caller does with its object later changes nothing', () => {
    const mine = { ...entry(1, 5) };
    const tlb = withEntry(mine);
    mine.frame = 1;
    requireEqual(tlb.lookup(1, 5)?.frame, 1005, 'frame of the entry');
  });

  law('an entry is not found under another page or ASID', () => {
    const tlb = create();
    tlb.insert(entry(1, 5));
    requireThat(!holds(tlb, 2, 5), 'a miss under another ASID');
    requireThat(!holds(tlb, 1, 6), 'a miss for another page');
    requireThat(!holds(tlb, 1, 5 + 2 ** 32), 'a miss for a page that differs in its upper bits only');
  });

  holding('a global entry is found under each ASID', () => {
    const tlb = withEntry(entry(1, 5, { flags: GLOBAL }));
    for (const asid of [0, 1, 2, 65535]) requireEqual(tlb.lookup(asid, 5)?.frame, 1005, `lookup under ASID ${asid}`);
  });

  holding('inserting the same page again replaces its entry', () => {
    const tlb = withEntry(entry(1, 5, { frame: 10 }));
    tlb.insert(entry(1, 5, { frame: 20 }));
    requireEqual(tlb.lookup(1, 5)?.frame, 20, 'frame after the second insertion');
    requireEqual([...tlb.entries()].length, 1, 'entries');
    tlb.insert(entry(2, 5, { frame: 30, flags: GLOBAL }));
    requireEqual(tlb.lookup(1, 5)?.frame, 30, 'frame after a global entry replaced it');
  });

  law('flush() forgets everything, global entries too', () => {
    const tlb = create();
    for (const flags of [LOCAL, GLOBAL])
      for (let page = 0; page < 50; page++) tlb.insert(entry(page % 3, page + flags, { flags }));
    tlb.flush();
    requireEqual([...tlb.entries()].length, 0, 'entries after flush()');
    for (let page = 0; page < 400; page++)
      for (const asid of [0, 1, 2]) requireThat(!holds(tlb, asid, page), `a miss of page ${page} after flush()`);
  });

  law('flush(asid) forgets all local entries of that address space', () => {
    const tlb = create();
    for (let page = 0; page < 50; page++) tlb.insert(entry(page % 3, page));
    tlb.flush(1);
    for (let page = 0; page < 50; page++) requireThat(!holds(tlb, 1, page), `a miss of page ${page} after flush(1)`);
  });

  holding('flush(asid) leaves other address spaces and global entries', () => {
    const other = withEntry(entry(2, 5));
    other.flush(1);
    requireThat(holds(other, 2, 5), 'ASID 2 to keep its entry through flush(1)');
    const global = withEntry(entry(1, 5, { flags: GLOBAL }));
    global.flush(1);
    requireThat(holds(global, 1, 5), 'a global entry to stay through flush(1)');
  });

  law('flush(undefined, page) forgets the page in each address space, as global entry too', () => {
    const tlb = create();
    for (const asid of [0, 1, 2]) tlb.insert(entry(asid, 5));
    tlb.flush(undefined, 5);
    for (const asid of [0, 1, 2])
      requireThat(!holds(tlb, asid, 5), `a miss under ASID ${asid} after flush(undefined, 5)`);
    tlb.insert(entry(1, 5, { flags: GLOBAL }));
    tlb.flush(undefined, 5);
    requireThat(!holds(tlb, 1, 5), 'a miss of the global page after flush(undefined, 5)');
  });

  law('flush(asid, page) forgets that page of that address space', () => {
    const tlb = create();
    tlb.insert(entry(1, 5));
    tlb.flush(1, 5);
    requireThat(!holds(tlb, 1, 5), 'a miss after flush(1, 5)');
    tlb.insert(entry(0, 0));
    tlb.flush(0, 0);
    requireThat(!holds(tlb, 0, 0), 'a miss after flush(0, 0): 0 is an ASID and a page like others');
  });

  holding('flush(asid, page) leaves other pages, other address spaces and global entries', () => {
    for (const kept of [entry(1, 6), entry(2, 5), entry(1, 5, { flags: GLOBAL })]) {
      const tlb = withEntry(kept);
      tlb.flush(1, 5);
      requireThat(holds(tlb, kept.asid, kept.page), `${JSON.stringify(kept)} to stay through flush(1, 5)`);
    }
    const page = withEntry(entry(1, 6));
    page.flush(undefined, 5);
    requireThat(holds(page, 1, 6), 'page 6 to stay through flush(undefined, 5)');
  });

  law('a flush for any page of a superpage forgets each piece of it', () => {
    for (const [level, pages] of [
      [1, 512],
      [2, 512 * 512],
    ] as const) {
      const tlb = create();
      for (const piece of [0, 3, pages - 1]) {
        tlb.insert(entry(1, 2 * pages + piece, { level }));
        tlb.flush(1, 2 * pages + 7);
        requireThat(!holds(tlb, 1, 2 * pages + piece), `piece ${piece} of a level ${level} leaf to be forgotten`);
        tlb.insert(entry(1, 2 * pages + piece, { level }));
        tlb.flush(undefined, 2 * pages);
        requireThat(!holds(tlb, 1, 2 * pages + piece), `piece ${piece} of a level ${level} leaf to be forgotten`);
      }
    }
  });

  holding('a flush for a page outside of a superpage leaves its pieces', () => {
    const tlb = withEntry(entry(1, 1024 + 3, { level: 1 }));
    tlb.flush(1, 1024 + 512);
    tlb.flush(1, 1023);
    requireThat(holds(tlb, 1, 1027), 'a piece of another superpage to stay');
  });

  law('extentOf, where it is offered, names at least what a fence finds', () => {
    if (!create().extentOf) return;
    let state = 54321;
    const below = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const tlb = create();
    for (let turn = 0; turn < 4000; turn++) {
      const level = below(100) === 0 ? 2 + below(3) : below(6) === 0 ? 1 : 0;
      const pages = 512 ** level;
      const page = below(40) * pages + below(Math.min(pages, 2 ** 20));
      tlb.insert(entry(below(4), page, { level, flags: below(5) === 0 ? GLOBAL : LOCAL }));
      const near = Math.floor(page / pages) * pages + below(Math.min(pages, 2 ** 20));
      for (const fenced of [page, near]) {
        const reached = [...tlb.entries()].filter((item) => {
          const span = 512 ** item.level;
          return Math.floor(item.page / span) === Math.floor(fenced / span);
        });
        const extent = tlb.extentOf?.(fenced);
        if (extent !== 'superpage') {
          requireThat(
            reached.every((item) => extent === 'page' && item.page === fenced && item.level === 0),
            `extentOf(${fenced}) to be more than '${extent}'`,
          );
        }
      }
      if (below(3) === 0) tlb.flush(below(2) === 0 ? undefined : below(4), near);
      if (below(100) === 0) tlb.flush();
    }
  });

  law('what is not found any more was reported as evicted', () => {
    const tlb = create();
    const present = new Map<string, TlbEntry>();
    const key = (item: TlbEntry) => `${item.asid} ${item.page}`;
    let reported = 0;
    tlb.onEvict = (item) => {
      reported++;
      present.delete(key(item));
    };
    for (let turn = 0; turn < 20_000; turn++) {
      const item = entry(turn % 5, (turn * 7919) % 5003);
      tlb.insert(item);
      present.set(key(item), item);
    }
    if (options.holdsEntries === false) {
      requireEqual(reported, 0, 'evictions reported by a model that holds nothing');
      return;
    }
    for (const item of present.values())
      requireEqual(fields(tlb.lookup(item.asid, item.page)), item, 'an entry never reported as evicted');
    requireEqual([...tlb.entries()].map(key).sort(), [...present.keys()].sort(), 'entries()');
    requireEqual(tlb.counters.insertions, 20_000, 'counters.insertions');
    requireThat(tlb.counters.evictions <= reported, 'each counted eviction to be reported');
  });

  law('a flush reports no evictions, and is counted', () => {
    const tlb = create();
    tlb.insert(entry(1, 5));
    tlb.insert(entry(1, 6, { flags: GLOBAL }));
    let reported = 0;
    tlb.onEvict = () => reported++;
    tlb.flush(1, 5);
    tlb.flush(1);
    tlb.flush();
    requireEqual(reported, 0, 'evictions reported by flushes');
    requireEqual(tlb.counters.flushes, 3, 'counters.flushes');
  });

  const restored = (saved: TlbModel): TlbModel => {
    const other = create();
    const state = saved.save?.();
    if (state !== undefined) other.restore?.(JSON.parse(JSON.stringify(state)));
    return other;
  };
  /** A model without save and restore is flushed instead of saved: nothing to check. */
  const saving = (name: string, check: () => void) => {
    const { save, restore } = create();
    const skipped = save && restore ? {} : { skipped: 'this model cannot be saved' };
    laws.push({ name, check, ...skipped });
  };
  law('save and restore come together', () => {
    const { save, restore } = create();
    requireEqual(save === undefined, restore === undefined, 'both or neither of save and restore');
  });
  saving('a restored model goes on as the saved one does: lookups, evictions in their order, entries, counters', () => {
    let state = 12345;
    const below = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const act = (models: readonly TlbModel[], turns: number) => {
      for (let turn = 0; turn < turns; turn++) {
        const action = below(100);
        const asid = below(4);
        const page = below(700);
        const level = below(8) === 0 ? 1 : 0;
        const flags = below(5) === 0 ? GLOBAL : LOCAL;
        const results = models.map((tlb) => {
          if (action === 0) tlb.flush();
          else if (action === 1) tlb.flush(asid);
          else if (action < 5) tlb.flush(asid, page);
          else if (action < 50) return fields(tlb.lookup(asid, page));
          else tlb.insert(entry(asid, page, { flags, level }));
          return undefined;
        });
        if (models.length > 1) requireEqual(results[1], results[0], `the result of action ${action} in turn ${turn}`);
      }
    };
    for (const turns of [0, 1, 10, 500, 3000]) {
      const saved = create();
      act([saved], turns);
      const other = restored(saved);
      const evictions: string[][] = [[], []];
      [saved, other].forEach((tlb, index) => {
        tlb.onEvict = (item) => evictions[index]!.push(`${item.asid} ${item.page}`);
      });
      requireEqual([...other.entries()].map(fields), [...saved.entries()].map(fields), 'entries() after restore');
      act([saved, other], 3000);
      requireEqual(evictions[1], evictions[0], 'evictions after restore');
      requireEqual(other.counters, saved.counters, 'counters after restore');
    }
  });
  saving('restore replaces what was held, and reports nothing as evicted', () => {
    const saved = create();
    saved.insert(entry(1, 5));
    const other = create();
    for (let page = 0; page < 300; page++) other.insert(entry(2, page));
    other.onEvict = () => requireThat(false, 'no eviction to be reported');
    other.restore?.(saved.save?.() ?? []);
    requireEqual([...other.entries()].map(fields), [...saved.entries()].map(fields), 'entries() after restore');
  });

  holding('keeps the flags of both stages and the address space of a guest', () => {
    const space = guestSpace(5, 3);
    const tlb = withEntry(entry(space, 9, { flags: LOCAL | (LOCAL << 8) }));
    requireThat(!holds(tlb, 3, 9), "a guest's entry must not match the ASID of the hart itself");
    requireThat(!holds(tlb, guestSpace(6, 3), 9), 'it must not match another virtual machine');
    requireThat(!holds(tlb, guestSpace(5, BARE_ASID), 9), 'it must not match another address space of the guest');
    tlb.flush(space, 9);
    requireThat(!holds(tlb, space, 9), 'a fence of its address space must');
  });

  holding('forgets ranges of address spaces, if it offers to', () => {
    if (!create().flushSpaces) return;
    const kept = (item: TlbEntry, first: number, last: number, page?: number): boolean => {
      const tlb = withEntry(item);
      tlb.flushSpaces?.(first, last, page);
      return holds(tlb, item.asid, item.page);
    };
    const [first, last] = [guestSpace(5, 0), guestSpace(5, BARE_ASID)];
    requireThat(!kept(entry(guestSpace(5, 7), 9), first, last), 'an entry in the range');
    requireThat(!kept(entry(last, 9), first, last, 9), 'that of the named page');
    requireThat(kept(entry(guestSpace(5, 7), 9), first, last, 8), 'another page stays');
    requireThat(kept(entry(guestSpace(4, BARE_ASID), 9), first, last), 'another virtual machine stays');
    requireThat(kept(entry(7, 9), first, last), "the hart's own stay");
    requireThat(kept(entry(7, 9, { flags: GLOBAL }), first, last), 'its global ones too');
    requireThat(!kept(entry(7, 9, { flags: GLOBAL }), 0, MAX_ASID), 'a range reaches its global ones');
    requireThat(!kept(entry(7, 9, { level: 1 }), 0, MAX_ASID, 10), 'a superpage goes as a whole');
    requireThat(kept(entry(guestSpace(0, 0), 9), 0, MAX_ASID), 'guests stay');
  });

  return laws;
}
