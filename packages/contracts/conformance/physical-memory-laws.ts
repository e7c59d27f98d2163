import type { PhysicalMemory } from '../src/index.ts';
import { type Law, requireEqual, requireThat, requireThrow } from './law.ts';

const isRange = (error: Error) => error instanceof RangeError;

/**
 * What every PhysicalMemory does.
 * @param create gives a memory of at least 64 KiB whose contents do not matter.
 */
export function physicalMemoryLaws(create: () => PhysicalMemory): Law[] {
  const law = (name: string, check: (memory: PhysicalMemory, start: number) => void): Law => ({
    name,
    check() {
      const memory = create();
      check(memory, memory.base + 0x2000);
    },
  });

  return [
    law('bytes are little endian in each width', (memory, at) => {
      memory.write64(at, 0x8877_6655_4433_2211n);
      requireEqual([...memory.slice(at, 8)], [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88], 'bytes');
      requireEqual(memory.read8(at + 1), 0x22, 'read8');
      requireEqual(memory.read16(at + 2), 0x4433, 'read16');
      requireEqual(memory.read32(at + 4), 0x8877_6655, 'read32');
      memory.write8(at, 0xaa);
      memory.write16(at + 2, 0xbbcc);
      memory.write32(at + 4, 0xdddd_eeee);
      requireEqual(memory.read64(at), 0xdddd_eeee_bbcc_22aan, 'read64');
    }),
    law('reads are unsigned', (memory, at) => {
      memory.fill(at, 8, 0xff);
      requireEqual(memory.read8(at), 0xff, 'read8');
      requireEqual(memory.read16(at), 0xffff, 'read16');
      requireEqual(memory.read32(at), 0xffff_ffff, 'read32');
      requireEqual(memory.read64(at), 0xffff_ffff_ffff_ffffn, 'read64');
    }),
    law('a write keeps the low bits of a value and touches no neighbour', (memory, at) => {
      memory.fill(at, 24, 0x55);
      memory.write8(at + 8, 0x1ff);
      requireEqual([...memory.slice(at + 7, 3)], [0x55, 0xff, 0x55], 'bytes around write8');
      memory.write16(at + 8, -2);
      requireEqual([...memory.slice(at + 7, 4)], [0x55, 0xfe, 0xff, 0x55], 'bytes around write16');
      memory.write32(at + 8, -1);
      requireEqual(memory.read32(at + 8), 0xffff_ffff, 'read32');
      requireEqual(memory.read8(at + 12), 0x55, 'byte after write32');
      memory.write64(at + 8, -1n);
      requireEqual(memory.read64(at + 8), 0xffff_ffff_ffff_ffffn, 'read64');
      requireEqual([memory.read8(at + 7), memory.read8(at + 16)], [0x55, 0x55], 'bytes around write64');
    }),
    law('bytes is RAM itself, its index 0 is base', (memory, at) => {
      requireEqual(memory.bytes.length, memory.size, 'length of bytes');
      memory.write8(at, 0x77);
      requireEqual(memory.bytes[at - memory.base], 0x77, 'bytes after write8');
      memory.bytes[at - memory.base] = 0x66;
      requireEqual(memory.read8(at), 0x66, 'read8 after a change through bytes');
    }),
    law('slice is a view, write copies', (memory, at) => {
      const view = memory.slice(at, 4);
      memory.write32(at, 0x0403_0201);
      requireEqual([...view], [1, 2, 3, 4], 'the view after write32');
      const data = new Uint8Array([9, 8, 7, 6]);
      memory.write(at, data);
      requireEqual([...view], [9, 8, 7, 6], 'the view after write');
      data[0] = 0;
      requireEqual(memory.read8(at), 9, 'memory after its source changed');
    }),
    law('fill sets exactly its range', (memory, at) => {
      memory.fill(at, 16, 0);
      memory.fill(at + 3, 5, 0x11);
      requireEqual([...memory.slice(at, 16)], [0, 0, 0, 17, 17, 17, 17, 17, 0, 0, 0, 0, 0, 0, 0, 0], 'bytes');
    }),
    law('contains says exactly what lies inside', (memory) => {
      const end = memory.base + memory.size;
      const cases: [number, number, boolean][] = [
        [memory.base, 1, true],
        [memory.base, memory.size, true],
        [end - 8, 8, true],
        [end - 8, 9, false],
        [end, 1, false],
        [memory.base - 1, 1, false],
        [memory.base - 1, 2, false],
        [memory.base, memory.size + 1, false],
        [-1, 1, false],
        [2 ** 52, 8, false],
        [Number.NaN, 1, false],
      ];
      for (const [address, length, expected] of cases)
        requireEqual(memory.contains(address, length), expected, `contains(0x${address.toString(16)}, ${length})`);
    }),
    law('accesses outside throw a RangeError and change nothing', (memory) => {
      const end = memory.base + memory.size;
      memory.write32(end - 4, 0x1234_5678);
      for (const address of [memory.base - 8, end, end + 2 ** 32]) {
        requireThrow(() => memory.read8(address), isRange, `RangeError of read8 at 0x${address.toString(16)}`);
        requireThrow(() => memory.read64(address), isRange, `RangeError of read64 at 0x${address.toString(16)}`);
        requireThrow(() => memory.write32(address, 0), isRange, `RangeError of write32 at 0x${address.toString(16)}`);
        requireThrow(() => memory.write64(address, 0n), isRange, `RangeError of write64 at 0x${address.toString(16)}`);
      }
      requireThrow(() => memory.write(end - 2, new Uint8Array(3)), isRange, 'RangeError of write over the end');
      requireThrow(() => memory.fill(end - 2, 3, 0), isRange, 'RangeError of fill over the end');
      requireThrow(() => memory.slice(end - 2, 3), isRange, 'RangeError of slice over the end');
      requireThrow(() => memory.slice(memory.base - 1, 1), isRange, 'RangeError of slice before the base');
      requireEqual(memory.read32(end - 4), 0x1234_5678, 'the last word');
    }),
    law('misaligned accesses throw a RangeError', (memory, at) => {
      requireThrow(() => memory.read16(at + 1), isRange, 'RangeError of read16');
      requireThrow(() => memory.read32(at + 2), isRange, 'RangeError of read32');
      requireThrow(() => memory.read64(at + 4), isRange, 'RangeError of read64');
      requireThrow(() => memory.write16(at + 1, 0), isRange, 'RangeError of write16');
      requireThrow(() => memory.write32(at + 2, 0), isRange, 'RangeError of write32');
      requireThrow(() => memory.write64(at + 4, 0n), isRange, 'RangeError of write64');
    }),
    law('bulk accesses need no alignment, and may be empty', (memory, at) => {
      memory.write(at + 1, new Uint8Array([1, 2, 3]));
      requireEqual([...memory.slice(at + 1, 3)], [1, 2, 3], 'bytes');
      requireEqual(memory.slice(at, 0).length, 0, 'length of an empty slice');
      memory.write(at, new Uint8Array(0));
      memory.fill(at, 0, 1);
      memory.noteWrite(at, 0);
      memory.noteWrite(at + 1, 8191);
      requireThat(memory.contains(at, 0), 'an empty range inside to be contained');
    }),
  ];
}
