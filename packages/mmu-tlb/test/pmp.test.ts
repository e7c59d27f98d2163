import { Privilege } from '@worldswitch/isa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccessKind, decodePmp, isPmpAddressLocked, pmpAllows, pmpPageRights, writtenPmpConfig } from '../src/index.ts';
import { seed } from './random-seed.ts';

// pmpcfg: L at 7, A at 4..3, X 2, W 1, R 0.
const tor = 1 << 3;
const na4 = 2 << 3;
const napot = 3 << 3;
const R = 1;
const W = 2;
const X = 4;
const L = 0x80;

describe('decodePmp', () => {
  it('reads the table of NAPOT ranges', () => {
    const range = (address: bigint) => {
      const [entry] = decodePmp([napot], [address]);
      return [entry?.start, entry && entry.end - entry.start];
    };
    expect(range(0b0n)).toEqual([0, 8]);
    expect(range(0b1001n)).toEqual([0x20, 16]);
    expect(range(0x2000_01ffn)).toEqual([0x8000_0000, 4096]);
    expect(range((1n << 54n) - 1n)).toEqual([0, 2 ** 57]);
    expect(decodePmp([na4], [0x2000_0001n])).toMatchObject([{ start: 0x8000_0004, end: 0x8000_0008 }]);
  });
  it('takes the register before as the bottom of a range, whatever its entry is', () => {
    expect(decodePmp([tor, 0, tor | R], [0x100n, 0x200n, 0x300n])).toMatchObject([
      { index: 0, start: 0, end: 0x400 },
      { index: 2, start: 0x800, end: 0xc00, rights: R },
    ]);
    expect(decodePmp([0, tor], [0x300n, 0x200n])).toEqual([]);
  });
});

describe('pmpAllows', () => {
  it('lets the lowest entry that matches decide', () => {
    const entries = decodePmp([na4 | R, napot | R | W], [0x40n, 0x7fn]);
    expect(pmpAllows(entries, 0x100, 4, AccessKind.load, Privilege.user)).toBe(true);
    expect(pmpAllows(entries, 0x100, 4, AccessKind.store, Privilege.user)).toBe(false);
    expect(pmpAllows(entries, 0x104, 4, AccessKind.store, Privilege.user)).toBe(true);
  });
  it("refuses an access that the deciding entry holds only partly: the manual's example", () => {
    const entries = decodePmp([na4 | R | W, napot | R | W], [0xcn >> 2n, 0xfn]);
    expect(pmpAllows(entries, 0x8, 8, AccessKind.load, Privilege.machine)).toBe(false);
    expect(pmpAllows(entries, 0x8, 4, AccessKind.load, Privilege.user)).toBe(true);
  });
  it('binds machine mode only with L', () => {
    expect(pmpAllows(decodePmp([na4], [0n]), 0, 4, AccessKind.store, Privilege.machine)).toBe(true);
    expect(pmpAllows(decodePmp([na4 | L], [0n]), 0, 4, AccessKind.store, Privilege.machine)).toBe(false);
    expect(pmpAllows(decodePmp([na4 | L | X], [0n]), 0, 4, AccessKind.fetch, Privilege.machine)).toBe(true);
  });
  it('gives what matches nothing to machine mode alone', () => {
    expect(pmpAllows([], 0, 4, AccessKind.load, Privilege.machine)).toBe(true);
    expect(pmpAllows([], 0, 4, AccessKind.load, Privilege.supervisor)).toBe(false);
    expect(pmpAllows([], 0, 4, AccessKind.load, Privilege.supervisor, false)).toBe(true);
  });
  it(`says for a page what it says for each of its words (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 255 }),
            fc.bigInt({ min: 0n, max: 0x1000n }),
            fc.constantFrom(0n, 0x3ffn, 0x1ffn),
          ),
          { maxLength: 6 },
        ),
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom(Privilege.user, Privilege.machine),
        (registers, frame, privilege) => {
          const entries = decodePmp(
            registers.map(([c]) => c),
            registers.map(([, a, ones]) => a | ones),
          );
          const rights = pmpPageRights(entries, frame, privilege);
          for (const [access, bit] of [
            [AccessKind.load, 2],
            [AccessKind.store, 4],
            [AccessKind.fetch, 8],
          ] as const) {
            const words = new Set<boolean>();
            for (let offset = 0; offset < 4096; offset += 4)
              words.add(pmpAllows(entries, frame * 4096 + offset, 4, access, privilege));
            if (rights !== undefined) expect([...words]).toEqual([(rights & bit) !== 0]);
          }
        },
      ),
      { seed, numRuns: 200 },
    );
  });
});

describe('PMP registers', () => {
  it('keep a locked entry, and the bottom of a locked range', () => {
    expect(writtenPmpConfig(L | R, X)).toBe(L | R);
    expect(writtenPmpConfig(R, L | napot | X)).toBe(L | napot | X);
    expect(writtenPmpConfig(R, napot | W)).toBe(napot | R);
    expect(writtenPmpConfig(0, 0xff)).toBe(0x9f);
    expect(isPmpAddressLocked([0, L | tor], 0)).toBe(true);
    expect(isPmpAddressLocked([0, L | napot], 0)).toBe(false);
    expect(isPmpAddressLocked([L], 0)).toBe(true);
  });
});
