import { describe, expect, it } from 'vitest';
import { createMachineMemory } from './machine-memory.ts';
import {
  FETCH_TABLE,
  indexMaskOf,
  LOAD_TABLE,
  RAM,
  STORE_TABLE,
  TRANSLATION_INDEX_SHIFT,
  TRANSLATION_SET_SIZE,
} from './memory-layout.ts';
import { TranslationSets } from './software-tlb.ts';

const TABLES = [LOAD_TABLE, STORE_TABLE, FETCH_TABLE];

function rig() {
  const memory = createMachineMemory(2 ** 22);
  const sets = new TranslationSets(memory, 0, 4);
  const set = sets.select(8, 1, 0x80, 1, false, false);
  sets.pin(set, set, set);
  const enter = (page: number, table: number) => sets.enter(set, table, page * 4096, 0, RAM, 0);
  const isThere = (page: number, table: number) =>
    memory.i32[(set + table + (((page * 4096) >>> TRANSLATION_INDEX_SHIFT) & indexMaskOf(table))) >>> 2] ===
    page * 4096;
  const tags = () => {
    const held: number[] = [];
    for (let at = set; at < set + TRANSLATION_SET_SIZE; at += 16) if (memory.i32[at >>> 2] !== -1) held.push(at - set);
    return held;
  };
  return { memory, sets, set, enter, isThere, tags };
}

describe('emptying a translation set', () => {
  it.each([0, 1, 20, 21, 22, 64, 65, 200])('leaves nothing of %i pages in each table, time after time', (count) => {
    const { sets, enter, isThere, tags } = rig();
    expect(tags()).toEqual([]);
    for (let round = 0; round < 3; round++) {
      for (let page = 1; page <= count; page++) for (const table of TABLES) enter(page + 7 * round, table);
      for (let page = 1; page <= count; page++)
        for (const table of TABLES) expect(isThere(page + 7 * round, table)).toBe(true);
      sets.flush();
      expect(tags()).toEqual([]);
    }
  });

  it('reaches entries made again after their page, or all stores, were forgotten', () => {
    const { sets, enter, tags } = rig();
    for (let turn = 0; turn < 100; turn++) {
      for (const table of TABLES) enter(5, table);
      if (turn % 2 === 0) sets.flush(1, 5, true);
      else sets.forgetAllStores();
    }
    sets.flush();
    expect(tags()).toEqual([]);
  });

  it('empties a set taken over from another address space', () => {
    const { memory, sets, set, enter } = rig();
    for (let page = 1; page <= 40; page++) enter(page, LOAD_TABLE);
    sets.pin(-1, -1, -1);
    const others = [2, 3, 4, 5].map((asid) => sets.select(8, asid, 0x80, 1, false, false));
    expect(others).toContain(set);
    for (let at = set; at < set + TRANSLATION_SET_SIZE; at += 16) expect(memory.i32[at >>> 2]).toBe(-1);
  });
});
