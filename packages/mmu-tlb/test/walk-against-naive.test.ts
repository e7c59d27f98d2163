import { createArrayMemory } from '@worldswitch/contracts/conformance';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AccessKind,
  createPageTableMemory,
  createTranslationContext,
  createWalkResult,
  TranslationFault,
  walk,
} from '../src/index.ts';
import { naiveWalk } from './naive-walk.ts';
import { seed } from './random-seed.ts';

const base = 0x8000_0000;
const frames = 16;
const firstFrame = base / 4096;

/** Entries that often are pointers into the little memory, often good leaves, and sometimes anything at all. */
const pointer = fc.integer({ min: 0, max: frames }).map((frame) => (BigInt(firstFrame + frame) << 10n) | 1n);
const globalPointer = pointer.map((pte) => pte | 32n);
const leafFlags = fc.integer({ min: 0, max: 0x3ff }).map((flags) => BigInt(flags | 1));
const leaf = fc
  .tuple(leafFlags, fc.bigInt({ min: 0n, max: (1n << 44n) - 1n }), fc.constantFrom(0, 4, 9, 18, 27))
  .map(([flags, frame, aligned]) => (((frame >> BigInt(aligned)) << BigInt(aligned)) << 10n) | flags);
const goodLeaf = leaf.map((pte) => pte | 0xdfn);
const napotLeaf = goodLeaf.map((pte) => (pte & ~(0xfn << 10n)) | (8n << 10n) | (1n << 63n));
const typedLeaf = fc.tuple(goodLeaf, fc.bigInt({ min: 1n, max: 3n })).map(([pte, type]) => pte | (type << 61n));
const anything = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const pte = fc.oneof(
  { weight: 8, arbitrary: pointer },
  { weight: 2, arbitrary: globalPointer },
  { weight: 4, arbitrary: leaf },
  { weight: 4, arbitrary: goodLeaf },
  { weight: 1, arbitrary: napotLeaf },
  { weight: 1, arbitrary: typedLeaf },
  { weight: 1, arbitrary: anything },
);

/** Virtual addresses whose indices are 0 to 3 or 508 to 511 at each level, canonical and, sometimes, not. */
const index = fc.constantFrom(0n, 1n, 2n, 3n, 508n, 509n, 510n, 511n);
const address = fc
  .tuple(
    fc.array(index, { minLength: 5, maxLength: 5 }),
    fc.constantFrom(39, 48, 57, 64),
    fc.bigInt({ min: 0n, max: 4095n }),
  )
  .map(([indices, width, offset]) => {
    const va = indices.reduce((sum, value, level) => sum | (value << BigInt(12 + 9 * level)), offset);
    return BigInt.asUintN(64, BigInt.asIntN(width, va | ((va << 9n) & (0x7fn << 57n))));
  });

describe('walk', () => {
  it(`agrees with an implementation over bigint (seed ${seed})`, () => {
    const seen = { ok: 0, 'page-fault': 0, 'access-fault': 0, superpage: 0, update: 0 };
    fc.assert(
      fc.property(
        fc.array(pte, { minLength: frames * 8, maxLength: frames * 8 }),
        fc.array(address, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(8 as const, 9 as const, 10 as const),
        fc.constantFrom('fetch' as const, 'load' as const, 'store' as const),
        fc.record({
          user: fc.boolean(),
          sum: fc.boolean(),
          mxr: fc.boolean(),
          adue: fc.boolean(),
          svnapot: fc.boolean(),
          svpbmt: fc.boolean(),
        }),
        (ptes, addresses, satpMode, access, state) => {
          const memory = createArrayMemory({ base, size: frames * 4096 });
          ptes.forEach((value, n) => {
            const slot = [0, 1, 2, 3, 508, 509, 510, 511][n % 8]!;
            memory.write64(base + Math.floor(n / 8) * 4096 + slot * 8, value);
          });
          const tables = createPageTableMemory(memory);
          const result = createWalkResult();
          const context = createTranslationContext({
            mode: satpMode,
            rootFrame: firstFrame,
            privilege: state.user ? 0 : 1,
            isSumSet: state.sum,
            isMxrSet: state.mxr,
            updatesAccessedDirty: state.adue,
            hasNapot: state.svnapot,
            hasMemoryTypes: state.svpbmt,
          });
          for (const va of addresses) {
            const expected = naiveWalk({ memory, satpMode, satpPpn: BigInt(firstFrame), access, ...state }, va);
            const fault = walk(result, tables, context, Number(va >> 12n), AccessKind[access]);
            seen[expected.kind]++;
            expect(result.references).toBe(expected.reads);
            expect(fault).toBe(result.fault);
            if (expected.kind !== 'ok') {
              expect(fault).toBe(expected.kind === 'page-fault' ? TranslationFault.page : TranslationFault.access);
              continue;
            }
            expect(fault).toBe(TranslationFault.none);
            expect(BigInt(result.frame)).toBe(expected.physical >> 12n);
            expect(result.flags).toBe(Number(expected.pte & 0xffn) | (expected.global ? 32 : 0));
            expect(result.memoryType).toBe(Number((expected.pte >> 61n) & 3n));
            if (result.level > 0) seen.superpage++;
            // The naive one updates nothing: asking it again shows that the walk left the same entry in memory.
            const again = naiveWalk(
              { memory, satpMode, satpPpn: BigInt(firstFrame), access, ...state, adue: false },
              va,
            );
            expect(again.kind === 'ok' && again.pte).toBe(expected.pte);
            if (state.adue) seen.update++;
          }
        },
      ),
      { seed, numRuns: 3000 },
    );
    // The generator must reach what the property is about.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });
});
