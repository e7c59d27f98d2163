import { TranslationMode } from '@worldswitch/contracts';
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import { describe, expect, it } from 'vitest';
import {
  AccessKind,
  createPageTableMemory,
  createTranslationContext,
  createWalkResult,
  faultCause,
  type PageTableMemory,
  TranslationFault,
  walk,
} from '../src/index.ts';

const base = 0x8000_0000;
const root = base / 4096;

/** Three tables, one after the other; the last entry is for page 0. */
function setUp(leaf: bigint) {
  const memory = createArrayMemory({ base, size: 3 * 4096 });
  memory.write64(base, (BigInt(root + 1) << 10n) | 1n);
  memory.write64(base + 4096, (BigInt(root + 2) << 10n) | 1n);
  memory.write64(base + 8192, leaf);
  const context = createTranslationContext({ mode: TranslationMode.sv39, rootFrame: root });
  return { memory, context, tables: createPageTableMemory(memory), result: createWalkResult() };
}

describe('walk', () => {
  it('starts again at step 2 when the entry changed before its A bit could be set', () => {
    const { memory, context, tables, result } = setUp((0x111n << 10n) | 0x17n);
    context.updatesAccessedDirty = true;
    let updates = 0;
    /** Another hart maps the page to another frame just before the first update. */
    const contended: PageTableMemory = Object.assign(Object.create(tables) as PageTableMemory, {
      updatePte(...request: Parameters<PageTableMemory['updatePte']>) {
        if (updates++ === 0) memory.write64(base + 8192, (0x222n << 10n) | 0x17n);
        return tables.updatePte(...request);
      },
    });
    expect(walk(result, contended, context, 0, AccessKind.store)).toBe(TranslationFault.none);
    expect(result).toMatchObject({ frame: 0x222, flags: 0xd7, references: 4 });
    expect(memory.read64(base + 8192)).toBe((0x222n << 10n) | 0xd7n);
    expect(updates).toBe(2);
  });

  it('takes 64 KiB as the only size of a NAPOT range', () => {
    for (let bits = 0n; bits < 16n; bits++) {
      const { context, tables, result } = setUp((1n << 63n) | ((0x120n | bits) << 10n) | 0xdfn);
      context.hasNapot = true;
      walk(result, tables, context, 0, AccessKind.load);
      expect(result.fault).toBe(bits === 8n ? TranslationFault.none : TranslationFault.page);
      if (bits === 8n) expect(result.frame).toBe(0x120);
    }
  });

  it('ignores G in the G-stage', () => {
    const { context, tables, result } = setUp((0x111n << 10n) | 0xffn);
    walk(result, tables, context, 0, AccessKind.load);
    expect(result.flags).toBe(0xff);
    context.isGuestStage = true;
    walk(result, tables, context, 0, AccessKind.load);
    expect(result).toMatchObject({ fault: TranslationFault.none, flags: 0xdf });
  });

  it('without translation gives the address itself, if it is one', () => {
    const { context, tables, result } = setUp(0n);
    context.mode = TranslationMode.bare;
    walk(result, tables, context, 0x12345, AccessKind.store);
    expect(result).toMatchObject({ fault: TranslationFault.none, frame: 0x12345, references: 0 });
    expect(walk(result, tables, context, 2 ** 44, AccessKind.store)).toBe(TranslationFault.access);
  });
});

describe('faultCause', () => {
  it('names the exception of the original access', () => {
    const { page, access, guestPage } = TranslationFault;
    const causes = [page, access, guestPage].map((fault) =>
      [AccessKind.fetch, AccessKind.load, AccessKind.store].map((kind) => faultCause(fault, kind)),
    );
    // Privileged ISA, table of mcause values.
    expect(causes).toEqual([
      [12, 13, 15],
      [1, 5, 7],
      [20, 21, 23],
    ]);
  });
});
