import { TranslationMode } from '@worldswitch/contracts';
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AccessKind,
  createPageTable,
  createPageTableMemory,
  createTranslationContext,
  createTwoStageTranslator,
  createWalkResult,
  PteFlag,
  TranslationFault,
  walk,
} from '../src/index.ts';
import { seed } from './random-seed.ts';

const base = 0x8000_0000;
const firstFrame = base / 4096;
const { read, write, execute, user, accessed, dirty } = PteFlag;
const all = read | write | execute | user | accessed | dirty;

/**
 * A guest of 64 pages at guest physical 0, its page i in machine frame `hostFrameOf(i)`, with its own page table in its memory.
 */
function setUp(
  guestMode: Exclude<TranslationMode, 0> = TranslationMode.sv39,
  hostFlags: (guestPage: number) => number = () => all,
) {
  const memory = createArrayMemory({ base, size: 160 * 4096 });
  let next = 160;
  const allocateFrame = () => firstFrame + --next;
  next = 160 - 4;
  const host = createPageTable({
    memory,
    mode: TranslationMode.sv39,
    allocateFrame,
    freeFrame() {},
    allocateRoot: () => ({ frame: firstFrame + 156, frames: 4 }),
  });
  const hostFrameOf = (guestPage: number) => firstFrame + ((guestPage * 37) % 64);
  for (let guestPage = 0; guestPage < 64; guestPage++)
    host.map(guestPage, hostFrameOf(guestPage), hostFlags(guestPage));

  // The guest's own view of its memory: the same bytes, its pages in their order.
  const guestView = createArrayMemory({ base: 0, size: 64 * 4096 });
  let guestNext = 0;
  const guest = createPageTable({
    memory: guestView,
    mode: guestMode,
    allocateFrame: () => guestNext++,
    freeFrame() {},
  });
  const load = () => {
    for (let guestPage = 0; guestPage < 64; guestPage++)
      memory.write(hostFrameOf(guestPage) * 4096, guestView.slice(guestPage * 4096, 4096));
  };
  const first = createTranslationContext({ mode: guestMode, rootFrame: guest.rootFrame, privilege: 0 });
  const second = createTranslationContext({
    mode: TranslationMode.sv39,
    rootFrame: host.rootFrame,
    isGuestStage: true,
  });
  const translator = createTwoStageTranslator(createPageTableMemory(memory));
  return { memory, host, guest, guestView, load, first, second, translator, hostFrameOf };
}

describe('two-stage translation', () => {
  it('reads 15 entries for Sv39 on Sv39x4, 19 for Sv48, 23 for Sv57', () => {
    // (levels + 1) translations of 3 references each by the G-stage, and one reference for each level of the VS-stage.
    for (const [mode, references] of [
      [TranslationMode.sv39, 15],
      [TranslationMode.sv48, 19],
      [TranslationMode.sv57, 23],
    ] as const) {
      const { guest, load, first, second, translator, hostFrameOf } = setUp(mode);
      guest.map(0x123, 40, all);
      load();
      expect(translator.translate(first, second, 0x123, AccessKind.load)).toBe(TranslationFault.none);
      expect(translator.result).toMatchObject({ frame: hostFrameOf(40), guestPage: 40, references, level: 0 });
    }
  });

  it('reports a guest-page fault for a page, and for a table of the guest', () => {
    const { guest, host, load, first, second, translator } = setUp();
    guest.map(0x123, 40, all);
    load();
    host.unmap(40);
    expect(translator.translate(first, second, 0x123, AccessKind.fetch)).toBe(TranslationFault.guestPage);
    expect(translator.result).toMatchObject({ isImplicit: false, faultPage: 40, guestReferences: 3 });
    host.unmap(2);
    expect(translator.translate(first, second, 0x123, AccessKind.fetch)).toBe(TranslationFault.guestPage);
    expect(translator.result).toMatchObject({
      isImplicit: true,
      faultPage: 2,
      faultOffset: 0x123 * 8,
      guestReferences: 2,
    });
    expect(translator.translate(first, second, 2 ** 30, AccessKind.load)).toBe(TranslationFault.page);
  });

  it('checks tables of the guest as implicit loads and, to set A and D, as stores', () => {
    const { guest, load, first, second, translator, hostFrameOf, memory } = setUp(TranslationMode.sv39, (page) =>
      page === 2 ? read | user | accessed | dirty : all,
    );
    guest.map(0x123, 40, read | write | user);
    load();
    expect(translator.translate(first, second, 0x123, AccessKind.load)).toBe(TranslationFault.page);
    first.updatesAccessedDirty = true;
    expect(translator.translate(first, second, 0x123, AccessKind.load)).toBe(TranslationFault.guestPage);
    expect(translator.result.isImplicit).toBe(true);

    const writable = setUp();
    writable.guest.map(0x123, 40, read | write | user);
    writable.load();
    writable.first.updatesAccessedDirty = true;
    expect(writable.translator.translate(writable.first, writable.second, 0x123, AccessKind.store)).toBe(0);
    expect(writable.translator.result.flags).toBe(read | write | user | accessed | dirty | 1);
    expect(writable.memory.read32(hostFrameOf(2) * 4096 + 0x123 * 8) & 0xc0).toBe(0xc0);
    expect(memory.read32(hostFrameOf(2) * 4096 + 0x123 * 8) & 0xc0).toBe(0);
  });

  it('lets MXR of the HS-level help an explicit load, never the walk', () => {
    const set = (page: number) =>
      setUp(TranslationMode.sv39, (guestPage) => (guestPage === page ? execute | user | accessed | dirty : all));
    for (const [page, expected] of [
      [40, TranslationFault.none],
      [2, TranslationFault.guestPage],
    ] as const) {
      const { guest, load, first, second, translator } = set(page);
      guest.map(0x123, 40, all);
      load();
      second.isMxrSet = true;
      expect(translator.translate(first, second, 0x123, AccessKind.load)).toBe(expected);
      expect(second.isMxrSet).toBe(true);
    }
  });

  it('with one stage bare is the other stage alone', () => {
    const { guest, load, first, second, translator, hostFrameOf } = setUp();
    guest.map(0x123, 40, all);
    load();
    first.mode = TranslationMode.bare;
    expect(translator.translate(first, second, 40, AccessKind.load)).toBe(TranslationFault.none);
    expect(translator.result).toMatchObject({ frame: hostFrameOf(40), references: 3 });
    expect(translator.translate(first, second, 2 ** 29, AccessKind.load)).toBe(TranslationFault.guestPage);
  });

  it(`is the composition of the guest's own translation and the host's (seed ${seed})`, () => {
    const rights = fc.constantFrom(
      all,
      all,
      read | user | accessed,
      execute | user | accessed,
      read | write | accessed | dirty,
      all & ~accessed,
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1100 }), fc.integer({ min: 8, max: 80 }), rights), {
          maxLength: 12,
        }),
        fc.array(rights, { minLength: 64, maxLength: 64 }),
        fc.constantFrom(AccessKind.fetch, AccessKind.load, AccessKind.store),
        (mappings, hostRights, access) => {
          const { memory, guest, guestView, load, first, second, translator } = setUp(TranslationMode.sv39, (page) =>
            page < 8 ? all : hostRights[page]!,
          );
          for (const [page, guestPage, flags] of mappings) guest.map(page, guestPage, flags);
          load();
          const firstAlone = createWalkResult();
          const secondAlone = createWalkResult();
          for (const [page] of [...mappings, [5] as const]) {
            const fault = translator.translate(first, second, page, access);
            let expected = walk(firstAlone, createPageTableMemory(guestView), first, page, access);
            if (expected === TranslationFault.none)
              expected = walk(secondAlone, createPageTableMemory(memory), second, firstAlone.frame, access);
            expect(fault).toBe(expected);
            if (fault === TranslationFault.none) expect(translator.result.frame).toBe(secondAlone.frame);
          }
        },
      ),
      { seed, numRuns: 200 },
    );
  });
});
