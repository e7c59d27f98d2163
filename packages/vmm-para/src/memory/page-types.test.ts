/// <reference types="node" />
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import { PteFlag, pteFrame, pteHigh, pteLow } from '@worldswitch/mmu-tlb';
import { beforeEach, describe, expect, it } from 'vitest';
import { randomFrom } from '../../test/random.ts';
import { Status } from '../hypercalls/status.ts';
import { PageType, PageTypes } from './page-types.ts';

const FIRST = 0x8_0010;
const COUNT = 24;
const { valid, read, write, execute, user, global, accessed, dirty } = PteFlag;
const readable = valid | read | user | accessed | dirty;

let memory: ReturnType<typeof createArrayMemory>;
let pages: PageTypes;
let flushed: string[];
let asids: Set<number>;

beforeEach(() => {
  memory = createArrayMemory({ base: 0x8000_0000, size: 0x4_0000 });
  flushed = [];
  asids = new Set();
  let next = 1;
  pages = new PageTypes({
    memory,
    firstFrame: FIRST,
    frameCount: COUNT,
    flush: {
      page: (asid, page) => flushed.push(`${asid}:${page.toString(16)}`),
      addressSpace: (asid) => flushed.push(`${asid}:all`),
    },
    allocateAsid: () => {
      asids.add(next);
      return next++;
    },
    freeAsid: (asid) => {
      expect(asids.delete(asid)).toBe(true);
    },
  });
});

/** What a guest's ordinary store to one of its frames does. */
function store(frame: number, entry: number, machineFrame: number, flags: number): void {
  const address = (FIRST + frame) * 4096 + entry * 8;
  memory.write32(address, pteLow(machineFrame, flags) >>> 0);
  memory.write32(address + 4, pteHigh(machineFrame));
}
const update = (frame: number, entry: number, machineFrame: number, flags: number) =>
  pages.update((FIRST + frame) * 4096 + entry * 8, pteLow(machineFrame, flags), pteHigh(machineFrame));

/** Root 0, middle 1, leaf table 2 at root entry 3, middle entry 4. */
function buildTree(): void {
  store(0, 3, FIRST + 1, valid);
  store(1, 4, FIRST + 2, valid);
  store(2, 5, FIRST + 10, readable | write);
  store(2, 6, FIRST + 11, readable);
}

describe('page types', () => {
  it('pinning a root types all below it', () => {
    buildTree();
    expect(pages.pin(FIRST, 3)).toBe(Status.ok);
    expect([0, 1, 2, 10, 11].map((frame) => pages.typeOf(frame))).toEqual([
      PageType.level3,
      PageType.level2,
      PageType.level1,
      PageType.writable,
      PageType.none,
    ]);
    expect(pages.unpin(FIRST)).toBe(Status.ok);
    expect([0, 1, 2, 10].map((frame) => pages.references(frame))).toEqual([0, 0, 0, 0]);
    expect(asids.size).toBe(0);
  });

  it('a table that maps a foreign frame, itself, or another table writable is refused, and nothing is left typed', () => {
    for (const target of [FIRST - 1, FIRST + COUNT, 0, FIRST + 2, FIRST + 1, FIRST]) {
      buildTree();
      store(2, 400, target, readable | write);
      expect(pages.pin(FIRST, 3), `frame ${target.toString(16)}`).not.toBe(Status.ok);
      for (let frame = 0; frame < COUNT; frame++) expect(pages.references(frame)).toBe(0);
      expect(asids.size).toBe(0);
    }
  });

  it('tables may be mapped read-only', () => {
    buildTree();
    store(2, 7, FIRST + 2, readable);
    store(2, 8, FIRST, readable | execute);
    expect(pages.pin(FIRST, 3)).toBe(Status.ok);
  });

  it.each([
    ['a global entry', FIRST + 10, readable | global, Status.invalid],
    ['writable without readable', FIRST + 10, valid | write | user, Status.invalid],
    ['a pointer where a leaf must be', FIRST + 2, valid, Status.invalid],
    ['a foreign frame', FIRST + COUNT, readable, Status.notPermitted],
    ['a writable page table', FIRST + 1, readable | write, Status.busy],
  ])('an update to %s is refused and changes nothing', (_, frame, flags, status) => {
    buildTree();
    pages.pin(FIRST, 3);
    const before = memory.bytes.slice();
    expect(update(2, 5, frame, flags)).toBe(status);
    expect(memory.bytes.every((byte, index) => byte === before[index])).toBe(true);
    expect(pages.references(10)).toBe(1);
  });

  it('leaves above level 1 and reserved bits are refused', () => {
    buildTree();
    pages.pin(FIRST, 3);
    expect(update(1, 9, FIRST + 10, readable)).toBe(Status.invalid);
    expect(update(0, 9, FIRST + 1, valid | accessed)).toBe(Status.invalid);
    expect(pages.update((FIRST + 2) * 4096, pteLow(FIRST + 11, readable), pteHigh(FIRST + 11) | (1 << 29))).toBe(-22);
    expect(pages.update((FIRST + 2) * 4096, pteLow(FIRST + 11, readable), 0x8000_0000 | 0)).toBe(-22);
  });

  it('only entries of tables in use are updated, at aligned addresses of the domain', () => {
    buildTree();
    expect(update(2, 0, FIRST + 10, readable)).toBe(Status.invalid);
    pages.pin(FIRST, 3);
    expect(pages.update((FIRST + 2) * 4096 + 4, 0, 0)).toBe(Status.invalid);
    expect(pages.update((FIRST + COUNT) * 4096, 0, 0)).toBe(Status.notPermitted);
    expect(pages.update(2 ** 60, 0, 0)).toBe(Status.notPermitted);
    expect(update(10, 0, FIRST + 10, readable)).toBe(Status.invalid);
  });

  it('a frame becomes a page table when its last writable mapping is gone, and not before', () => {
    buildTree();
    pages.pin(FIRST, 3);
    expect(update(1, 40, FIRST + 10, valid)).toBe(Status.busy);
    expect(update(2, 5, FIRST + 10, readable)).toBe(Status.ok);
    expect(update(1, 40, FIRST + 10, valid)).toBe(Status.ok);
    expect(update(2, 5, FIRST + 10, readable | write)).toBe(Status.busy);
  });

  it('a change of a present leaf flushes that page, a change above it the whole address space', () => {
    buildTree();
    pages.pin(FIRST, 3);
    update(2, 9, FIRST + 12, readable);
    expect(flushed).toEqual([]);
    update(2, 5, FIRST + 10, readable);
    expect(flushed).toEqual([`1:${(3 * 0x4_0000 + 4 * 512 + 5).toString(16)}`]);
    update(1, 4, 0, 0);
    expect(flushed.at(-1)).toBe('1:all');
  });

  it('addresses of the upper half are sign-extended', () => {
    buildTree();
    store(0, 3, 0, 0);
    store(0, 511, FIRST + 1, valid);
    pages.pin(FIRST, 3);
    update(2, 5, 0, 0);
    expect(flushed).toEqual([`1:${(2 ** 52 - 2 ** 18 + 4 * 512 + 5).toString(16)}`]);
  });
});

describe('whatever a guest does', () => {
  const seeds = [1, 2, 3, 4, 5].map((index) => (index * 0x9e37_79b9 + Number(process.env.WORLDSWITCH_SEED)) | 1);

  it.each(seeds)('no page table is writable, no foreign frame is mapped, no translation is stale (seed %i)', (seed) => {
    const random = randomFrom(seed);
    const pinned = new Map<number, number>();
    /** What the hardware may have cached: (asid, page) of an access that was allowed. */
    const cached = new Map<string, { root: number; page: number; frame: number; isWritable: boolean }>();
    pages = new PageTypes({
      memory,
      firstFrame: FIRST,
      frameCount: COUNT,
      flush: {
        page: (asid, page) => cached.delete(`${asid}:${page}`),
        addressSpace: (asid) => {
          for (const key of cached.keys()) if (key.startsWith(`${asid}:`)) cached.delete(key);
        },
      },
      allocateAsid: () => {
        const asid = [1, 2, 3, 4].find((free) => !asids.has(free));
        if (asid !== undefined) asids.add(asid);
        return asid;
      },
      freeAsid: (asid) => {
        asids.delete(asid);
      },
    });

    /** Mostly what a guest that behaves would use a frame as: 0 and 1 roots, 2 to 4 middle tables, 5 to 8 leaf tables, then data. */
    const roleOf = (index: number) => (index < 2 ? 3 : index < 5 ? 2 : index < 9 ? 1 : 0);
    const ofRole = (role: number) => [9 + random(COUNT - 9), 5 + random(4), 2 + random(3), random(2)][role]!;
    const leafFlags = () => readable | (random(2) ? write : 0) | (random(40) ? 0 : global);
    /** Target frame and flags of an entry to put in a frame. */
    const value = (table: number): [number, number] => {
      if (random(5) === 0) return [0, 0];
      if (random(8) === 0) return [FIRST + random(COUNT + 4) - 2, random(2) ? valid : leafFlags()];
      const role = roleOf(table);
      return role > 1 ? [FIRST + ofRole(role - 1), valid] : [FIRST + ofRole(0), leafFlags()];
    };
    const entry = () => [0, 1, 2, 511][random(4)]!;
    // Two address spaces that share a leaf table, so that there is something to attack from the first step on.
    for (const [table, index, target] of [
      [0, 0, 2],
      [0, 511, 3],
      [1, 1, 3],
      [2, 0, 5],
      [2, 1, 6],
      [3, 2, 6],
      [3, 0, 7],
    ] as const)
      store(table, index, FIRST + target, valid);
    for (const table of [5, 6, 7]) store(table, 1, FIRST + 8 + table, readable | write);
    for (const root of [0, 1]) {
      expect(pages.pin(FIRST + root, 3)).toBe(Status.ok);
      pinned.set(root, 3);
    }
    let accepted = 0;
    let cachedEver = 0;
    for (let step = 0; step < 4000; step++) {
      const target = random(COUNT);
      switch (random(8)) {
        case 0:
        case 1:
          // An ordinary store: possible as long as the frame is no page table, for then it may be mapped writable.
          if (pages.typeOf(target) < PageType.level1) store(target, entry(), ...value(target));
          break;
        case 2: {
          if (pinned.size > 3) break;
          const level = (random(4) ? Math.max(1, roleOf(target)) : 1 + random(3)) as 1 | 2 | 3;
          if (pages.pin(FIRST + target, level) !== Status.ok) break;

          pinned.set(target, level);
          break;
        }
        case 3:
          if (random(4) === 0 && pages.unpin(FIRST + target) === Status.ok) pinned.delete(target);
          break;
        case 4:
          for (const [root, level] of pinned) for (let i = 0; i < 16 && level === 3; i++) access(root);
          break;
        default: {
          const table = random(9);
          if (update(table, entry(), ...value(table)) === Status.ok) accepted++;
        }
      }
      if (step % 4 === 0) check(step);
    }
    expect(accepted).toBeGreaterThan(0);
    expect(cachedEver).toBeGreaterThan(0);

    function pte(table: number, index: number): { frame: number; flags: number } {
      const address = (FIRST + table) * 4096 + index * 8;
      const low = memory.read32(address) | 0;
      return { frame: pteFrame(low, memory.read32(address + 4) | 0), flags: low & 0xff };
    }

    /** Walks as the hardware does, from memory alone. */
    function walk(root: number, page: number): { frame: number; flags: number } | undefined {
      let table = root;
      for (let level = 2; level >= 0; level--) {
        const found = pte(table, Math.floor(page / 512 ** level) % 512);
        if ((found.flags & valid) === 0) return undefined;
        if ((found.flags & (read | execute)) !== 0) return level === 0 ? found : undefined;
        table = found.frame - FIRST;
        if (table < 0 || table >= COUNT) throw new Error(`the walk left the domain: frame ${found.frame.toString(16)}`);
      }
      return undefined;
    }

    function access(root: number): void {
      const asid = pages.asidOf(root);
      const page = entry() * 0x4_0000 + entry() * 512 + entry();
      const extended = page < 0x400_0000 ? page : page + 2 ** 52 - 2 ** 27;
      const found = walk(root, page);
      if (found === undefined) return;
      cachedEver++;
      cached.set(`${asid}:${extended}`, { root, page, frame: found.frame, isWritable: (found.flags & write) !== 0 });
    }

    /** Reads nothing but memory and what is pinned: an opinion that shares no code with the one checked. */
    function check(step: number): void {
      const tables = new Map<number, number>();
      const visit = (table: number, level: number) => {
        expect(tables.get(table) ?? level, `frame ${table} is a table of two levels at step ${step}`).toBe(level);
        if (tables.has(table)) return;
        tables.set(table, level);
        if (level === 1) return;
        for (const index of [0, 1, 2, 511]) {
          const found = pte(table, index);
          if ((found.flags & valid) === 0) continue;
          const below = found.frame - FIRST;
          expect(below >= 0 && below < COUNT, `a foreign table at step ${step}`).toBe(true);
          visit(below, level - 1);
        }
      };
      for (const [root, level] of pinned) visit(root, level);
      for (const [table, level] of tables) {
        if (level !== 1) continue;
        for (const index of [0, 1, 2, 511]) {
          const found = pte(table, index);
          if ((found.flags & valid) === 0) continue;
          const target = found.frame - FIRST;
          expect(target >= 0 && target < COUNT, `a foreign frame at step ${step}`).toBe(true);
          expect(found.flags & global).toBe(0);
          if ((found.flags & write) !== 0) {
            expect(tables.has(target), `table ${target} is writable at step ${step}`).toBe(false);
          }
        }
      }
      for (const [key, entry] of cached) {
        const now = walk(entry.root, entry.page);
        expect(now?.frame, `stale translation ${key} at step ${step}`).toBe(entry.frame);
        if (entry.isWritable) expect((now?.flags ?? 0) & write, `stale right ${key} at step ${step}`).toBe(write);
      }
    }
  });
});
