import { createArrayMemory } from '@worldswitch/contracts/conformance';
import { expect, it } from 'vitest';
import { mappedRanges, translateAddress } from './address-translation.ts';

const BASE = 0x8000_0000;
const FLAGS = 0xcfn;
const sv = (mode: bigint, root: number) => (mode << 60n) | BigInt(root >>> 12);

function tables() {
  const ram = createArrayMemory({ base: BASE, size: 0x2_0000 });
  const put = (table: number, index: number, target: number | bigint, flags = 1n) =>
    ram.write64(BASE + table + index * 8, ((BigInt(target) >> 12n) << 10n) | flags);
  return { ram, put };
}

it('walks Sv39 with pages, superpages and naturally aligned powers of two', () => {
  const { ram, put } = tables();
  put(0, 0, BASE + 0x1000);
  put(0, 511, 0x4000_0000, FLAGS);
  put(0x1000, 1, BASE + 0x2000);
  put(0x2000, 3, 0x8000_5000, FLAGS);
  put(0x2000, 4, 0x8000_6000, FLAGS);
  for (let index = 16; index < 32; index++) put(0x2000, index, 0x8001_8000, FLAGS | (1n << 63n));
  const space = { satp: sv(8n, BASE) };
  expect(translateAddress(ram, space, 0x20_3123n)).toMatchObject({ physical: 0x8000_5123n, pageBytes: 0x1000n });
  expect(translateAddress(ram, space, 0xffff_ffff_c012_3456n)?.physical).toBe(0x4012_3456n);
  expect(translateAddress(ram, space, 0x21_5abcn)).toMatchObject({ physical: 0x8001_5abcn, pageBytes: 0x1_0000n });
  expect(translateAddress(ram, space, 0x20_0000n)).toBeUndefined();
  expect(translateAddress(ram, space, 0x40_0000_0000n)).toBeUndefined();
  const { ranges, isComplete } = mappedRanges(ram, space);
  expect(isComplete).toBe(true);
  expect(ranges.map(({ virtual, physical, bytes }) => [virtual, physical, bytes])).toEqual([
    [0x20_3000n, 0x8000_5000n, 0x2000n],
    [0x21_0000n, 0x8001_0000n, 0x1_0000n],
    [0xffff_ffff_c000_0000n, 0x4000_0000n, 0x4000_0000n],
  ]);
});

it('walks both stages of a guest', () => {
  const { ram, put } = tables();
  // Second stage: four pages of root; guest physical 0 to 1 GiB is what follows BASE.
  put(0, 0, BASE, FLAGS | 16n);
  // First stage, in guest physical addresses.
  put(0x4000, 1, 0x5000);
  put(0x5000, 2, 0x0, FLAGS);
  const space = { satp: sv(8n, 0x4000), hgatp: sv(8n, BASE) };
  expect(translateAddress(ram, space, 0x4040_1234n)?.physical).toBe(BigInt(BASE) + 0x1234n);
  expect(mappedRanges(ram, space).ranges).toMatchObject([{ virtual: 0x4040_0000n, physical: 0n, bytes: 0x20_0000n }]);
  expect(translateAddress(ram, { satp: 0n, hgatp: sv(8n, BASE) }, 0x1_0000_0000_00n)).toBeUndefined();
});

it('gives up tables that refer to each other', () => {
  const { ram, put } = tables();
  for (let index = 0; index < 512; index++) put(0, index, BASE);
  expect(mappedRanges(ram, { satp: sv(10n, BASE) }).isComplete).toBe(false);
  expect(translateAddress(ram, { satp: sv(10n, BASE) }, 0n)).toBeUndefined();
  expect(translateAddress(ram, { satp: 5n << 60n }, 0n)).toBeUndefined();
});
