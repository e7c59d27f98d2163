/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { type Area, AreaList } from './area.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

describe('areas', () => {
  it(`are what a page by page account says: seed ${seed}`, () => {
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const list = new AreaList();
    const pages = new Map<number, number>();
    const backing = { frames: new Map<number, number>(), users: 0 };
    for (let step = 0; step < 3000; step++) {
      const start = random(100);
      const end = start + 1 + random(20);
      const removed = list.remove(start, end);
      backing.users -= removed.filter(({ shared }) => shared !== undefined).length;
      const gone = removed.flatMap((area) => Array.from({ length: area.end - area.start }, (_, i) => area.start + i));
      expect(gone.sort((a, b) => a - b)).toEqual(
        [...pages.keys()].filter((p) => p >= start && p < end).sort((a, b) => a - b),
      );
      for (let page = start; page < end; page++) pages.delete(page);
      if (random(3) > 0) {
        const protection = 1 + random(3);
        const isShared = random(4) === 0;
        const area: Area = {
          start,
          end,
          protection,
          name: '',
          ...(isShared ? { shared: { backing, origin: start } } : {}),
        };
        if (isShared) backing.users++;
        list.add(area);
        for (let page = start; page < end; page++) pages.set(page, protection);
      }
      const areas = [...list];
      expect(areas.every((area, index) => area.start < area.end && (areas[index - 1]?.end ?? 0) <= area.start)).toBe(
        true,
      );
      for (let page = 0; page < 121; page++) expect(list.find(page)?.protection, `page ${page}`).toBe(pages.get(page));
      expect(list.pages).toBe(pages.size);
      expect(areas.filter(({ shared }) => shared !== undefined).length).toBe(backing.users);
      const free = list.findFree(5, 0, 121);
      const isFree = (page: number) => [0, 1, 2, 3, 4].every((offset) => !pages.has(page + offset));
      const best = Array.from({ length: 117 }, (_, page) => page)
        .filter(isFree)
        .at(-1);
      expect(free).toBe(best);
      expect(list.covers(start, end)).toBe(
        Array.from({ length: end - start }, (_, i) => start + i).every((p) => pages.has(p)),
      );
    }
  });
});
