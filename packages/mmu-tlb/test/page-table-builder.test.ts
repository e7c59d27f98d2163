import { type PhysicalMemory, TranslationMode } from '@worldswitch/contracts';
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AccessKind,
  createPageTable,
  createPageTableMemory,
  createTranslationContext,
  createWalkResult,
  MmuError,
  PAGES_PER_LEAF,
  PteFlag,
  TranslationFault,
  walk,
} from '../src/index.ts';
import { seed } from './random-seed.ts';

const base = 0x8000_0000;
const readWriteUser = PteFlag.read | PteFlag.write | PteFlag.user | PteFlag.accessed | PteFlag.dirty;

function frameAllocator(memory: PhysicalMemory) {
  const free: number[] = [];
  for (let frame = memory.size / 4096 - 1; frame >= 0; frame--) free.push(memory.base / 4096 + frame);
  const used = new Set<number>();
  return {
    used,
    allocateFrame() {
      const frame = free.pop();
      if (frame === undefined) throw new Error('out of frames');
      memory.fill(frame * 4096, 4096, 0);
      used.add(frame);
      return frame;
    },
    freeFrame(frame: number) {
      if (!used.delete(frame)) throw new Error(`frame ${frame} was not in use`);
      free.push(frame);
    },
  };
}

function setUp(mode: Exclude<TranslationMode, 0> = TranslationMode.sv39, size = 256 * 4096) {
  const memory = createArrayMemory({ base, size });
  const frames = frameAllocator(memory);
  const table = createPageTable({ memory, mode, ...frames });
  const tables = createPageTableMemory(memory);
  const result = createWalkResult();
  const context = createTranslationContext({ mode, rootFrame: table.rootFrame });
  const translate = (page: number, access: AccessKind = AccessKind.load) => {
    walk(result, tables, context, page, access);
    return result.fault === TranslationFault.none ? result.frame : undefined;
  };
  return { memory, frames, table, translate, result };
}

describe('createPageTable', () => {
  it('maps, protects, unmaps and gives its tables back', () => {
    const { frames, table, translate } = setUp();
    table.map(0x10, 0x99999, readWriteUser);
    expect(translate(0x10)).toBe(0x99999);
    expect(translate(0x10, AccessKind.store)).toBe(0x99999);
    expect(translate(0x10, AccessKind.fetch)).toBeUndefined();
    expect(translate(0x11)).toBeUndefined();
    expect(table.tableFrames).toBe(3);
    expect(table.protect(0x10, PteFlag.read | PteFlag.user | PteFlag.accessed)).toBe(true);
    expect(translate(0x10, AccessKind.store)).toBeUndefined();
    expect(table.lookup(0x10)).toEqual({ page: 0x10, frame: 0x99999, flags: 0x53, level: 0 });
    expect(table.flagsOf(0x10)).toBe(0x53);
    expect(table.unmap(0x10)?.frame).toBe(0x99999);
    expect(table.unmap(0x10)).toBeUndefined();
    expect(table.protect(0x10, readWriteUser)).toBe(false);
    expect(table.tableFrames).toBe(1);
    expect(frames.used.size).toBe(1);
    table.destroy();
    expect(frames.used.size).toBe(0);
    expect(() => table.map(1, 1, readWriteUser)).toThrow(MmuError);
  });

  it('maps the top of the address space', () => {
    for (const mode of [TranslationMode.sv39, TranslationMode.sv48, TranslationMode.sv57]) {
      const { table, translate } = setUp(mode);
      const top = 2 ** 52 - 1;
      table.map(top, 7, readWriteUser);
      expect(translate(top)).toBe(7);
      expect([...table.entries()]).toEqual([{ page: top, frame: 7, flags: readWriteUser | 1, level: 0 }]);
      expect(() => table.map(2 ** 45, 7, readWriteUser)).toThrow('not canonical');
    }
  });

  it('covers a range with the largest leaves that fit', () => {
    const { table, translate } = setUp();
    table.mapRange(512 - 3, 0x80000 - 3, 3 + 512 * 2 + 5, readWriteUser, 2);
    expect([...table.entries()].filter(({ level }) => level === 1).map(({ page }) => page)).toEqual([512, 1024]);
    expect(table.mappings).toBe(3 + 2 + 5);
    for (const page of [509, 511, 512, 700, 1535, 1536, 1540]) expect(translate(page)).toBe(0x80000 - 512 + page);
    expect(translate(1541)).toBeUndefined();
    // A fence for one of its pages would remove the whole superpage, and so does unmap.
    expect(table.unmap(700)).toMatchObject({ page: 512, level: 1 });
    expect(translate(512)).toBeUndefined();
  });

  it('frees the table that a superpage replaces', () => {
    const { frames, table, translate } = setUp();
    table.mapRange(0, 0x1000, 512, readWriteUser);
    expect(frames.used.size).toBe(3);
    table.map(0, 0x2000, readWriteUser, 1);
    expect(frames.used.size).toBe(2);
    expect(table.mappings).toBe(1);
    expect(translate(511)).toBe(0x2000 + 511);
  });

  it('refuses what would be no mapping', () => {
    const { table } = setUp();
    expect(() => table.map(1, 512, readWriteUser, 1)).toThrow('aligned');
    expect(() => table.map(0, 1, readWriteUser, 1)).toThrow('aligned');
    expect(() => table.map(0, 1, PteFlag.user)).toThrow('needs R or X');
    expect(() => table.map(0, 0, readWriteUser, 3)).toThrow('level 3');
    expect(() => table.map(0.5, 0, readWriteUser)).toThrow(MmuError);
    table.map(0, 0, readWriteUser, 1);
    expect(() => table.map(3, 3, readWriteUser)).toThrow('superpage');
  });

  it(`agrees with the walk and with a map of pages (seed ${seed})`, () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('map' as const),
        slot: fc.integer({ min: 0, max: 40 }),
        level: fc.constantFrom(0, 0, 0, 1, 2),
        frame: fc.integer({ min: 0, max: 2 ** 25 - 1 }),
      }),
      fc.record({ kind: fc.constant('unmap' as const), slot: fc.integer({ min: 0, max: 40 }) }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(TranslationMode.sv39, TranslationMode.sv48, TranslationMode.sv57),
        fc.array(action, { maxLength: 40 }),
        (mode, actions) => {
          const { frames, table, translate } = setUp(mode, 1024 * 4096);
          const model = new Map<number, { frame: number; level: number }>();
          /** Slots spread over neighbours, both halves of the address space, and superpage borders. */
          const pageOf = (slot: number) => {
            const page = (slot % 4) + (Math.floor(slot / 4) % 3) * 512 + (Math.floor(slot / 12) % 2) * 2 ** 18;
            return slot % 5 === 0 ? page + 2 ** 52 - 2 ** 20 : page;
          };
          const leafAt = (page: number) => {
            for (const level of [0, 1, 2]) {
              const leaf = model.get(page - (page % PAGES_PER_LEAF[level]!));
              if (leaf !== undefined && leaf.level >= level)
                return { first: page - (page % PAGES_PER_LEAF[level]!), ...leaf };
            }
            return undefined;
          };
          for (const step of actions) {
            const page = pageOf(step.slot);
            if (step.kind === 'map') {
              const pages = PAGES_PER_LEAF[step.level]!;
              const first = page - (page % pages);
              const frame = step.frame - (step.frame % pages);
              const inside = leafAt(first);
              if (inside !== undefined && inside.level > step.level) {
                expect(() => table.map(first, frame, readWriteUser, step.level)).toThrow('superpage');
                continue;
              }
              table.map(first, frame, readWriteUser, step.level);
              for (const old of [...model.keys()]) if (old >= first && old < first + pages) model.delete(old);
              model.set(first, { frame, level: step.level });
            } else {
              const expected = leafAt(page);
              expect(table.unmap(page)?.frame).toBe(expected?.frame);
              if (expected !== undefined) model.delete(expected.first);
            }
          }
          for (let slot = 0; slot <= 40; slot++) {
            const page = pageOf(slot);
            const leaf = leafAt(page);
            const expected = leaf === undefined ? undefined : leaf.frame + page - leaf.first;
            expect(translate(page)).toBe(expected);
            expect(table.lookup(page)?.frame).toBe(leaf?.frame);
          }
          const listed = [...table.entries()];
          expect(listed.map(({ page }) => page)).toEqual([...model.keys()].sort((a, b) => a - b));
          expect(table.mappings).toBe(model.size);
          expect(table.tableFrames).toBe(frames.used.size);
          table.destroy();
          expect(frames.used.size).toBe(0);
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('works on a root of 16 KiB for the G-stage', () => {
    const memory = createArrayMemory({ base, size: 64 * 4096 });
    const frames = frameAllocator(memory);
    const allocateRoot = () => {
      const all = [0, 1, 2, 3].map(() => frames.allocateFrame());
      return { frame: all[0]!, frames: 4 as const };
    };
    const table = createPageTable({ memory, mode: TranslationMode.sv39, allocateRoot, ...frames });
    const page = 2 ** 29 - 1;
    table.map(page, 0x42, readWriteUser);
    const context = createTranslationContext({ mode: 8, rootFrame: table.rootFrame, isGuestStage: true });
    const result = createWalkResult();
    expect(walk(result, createPageTableMemory(memory), context, page, AccessKind.load)).toBe(TranslationFault.none);
    expect(result.frame).toBe(0x42);
    expect(walk(result, createPageTableMemory(memory), context, page + 1, AccessKind.load)).toBe(
      TranslationFault.guestPage,
    );
    expect([...table.entries()].map((mapping) => mapping.page)).toEqual([page]);
    table.destroy();
    expect(frames.used.size).toBe(0);
  });
});
