/// <reference types="node" />
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOverlayBackend } from './block-overlay.ts';
import { createMemoryBackend } from './virtio-block.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const SECTORS = 37;
const isSame = (one: Uint8Array, other: Uint8Array) =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

describe('a copy-on-write overlay', () => {
  it(`reads as a disk that was written, while its base stays as it was (seed ${seed})`, () => {
    const access = fc.record({
      sector: fc.nat(SECTORS - 1),
      sectors: fc.integer({ min: 1, max: 20 }),
      fill: fc.option(fc.integer({ min: 1, max: 255 })),
    });
    fc.assert(
      fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
        const contents = Uint8Array.from({ length: SECTORS * 512 }, (_, index) => (index * 7) & 0xff);
        const before = contents.slice();
        const expected = contents.slice();
        const disk = createOverlayBackend(createMemoryBackend(contents, { isReadOnly: true }));
        for (const { sector, sectors, fill } of accesses) {
          const length = Math.min(sectors, SECTORS - sector) * 512;
          if (fill === null) {
            const got = new Uint8Array(length);
            expect(disk.read(sector, got)).toBe(true);
            expect(isSame(got, expected.subarray(sector * 512, sector * 512 + length))).toBe(true);
          } else {
            const bytes = new Uint8Array(length).fill(fill);
            expect(disk.write(sector, bytes)).toBe(true);
            expected.set(bytes, sector * 512);
          }
        }
        const whole = new Uint8Array(SECTORS * 512);
        disk.read(0, whole);
        expect(isSame(whole, expected)).toBe(true);
        expect(isSame(contents, before)).toBe(true);
      }),
      { seed },
    );
  });
});
