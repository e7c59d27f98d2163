import { describe, expect, it } from 'vitest';
import { createMemoryBackend, createVirtioBlock } from '../src/devices/virtio-block.ts';
import { createVirtioDriver } from './virtio-driver.ts';

const HEADER = 0x8000;
const DATA = 0x9000;
const RESULT = 0xa000;
const STATUS = 0x70;
const DRIVER_LOW = 0x90;
const NOTIFY = 0x50;

function rig(options: { readonly isReadOnly?: boolean } = {}) {
  const disk = new Uint8Array(8 * 512).map((_, index) => index >> 9);
  const driver = createVirtioDriver(createVirtioBlock(createMemoryBackend(disk, options)));
  /** One request of header, data and status descriptors; returns the status byte. */
  const request = (type: number, sector: number, length: number, isWritable: boolean): number => {
    driver.view.setUint32(HEADER, type, true);
    driver.view.setBigUint64(HEADER + 8, BigInt(sector), true);
    driver.bytes[RESULT] = 0xee;
    driver.offer(0, 0, [
      { address: HEADER, length: 16 },
      { address: DATA, length, isWritable },
      { address: RESULT, length: 1, isWritable: true },
    ]);
    return driver.bytes[RESULT]!;
  };
  return { ...driver, disk, request };
}

describe('virtio block device', () => {
  it('is a device of type 2 with its capacity in sectors', () => {
    const { registers } = rig();
    expect([0, 4, 8].map((offset) => registers.read(offset, 4))).toEqual([0x7472_6976, 2, 2]);
    expect([registers.read(0x100, 4), registers.read(0x104, 4)]).toEqual([8, 0]);
  });

  it('reads and writes sectors, and interrupts until acknowledged', () => {
    const { bytes, used, disk, interruptStatus, acknowledge, request, line } = rig();
    expect(request(0, 3, 1024, true)).toBe(0);
    expect([bytes[DATA], bytes[DATA + 511], bytes[DATA + 512]]).toEqual([3, 3, 4]);
    expect(used(0)).toEqual([1025]);
    expect([line(), interruptStatus()]).toEqual([true, 1]);
    acknowledge();
    expect(line()).toBe(false);
    bytes.fill(0xab, DATA, DATA + 512);
    expect(request(1, 7, 512, false)).toBe(0);
    expect([disk[7 * 512 - 1], disk[7 * 512]]).toEqual([6, 0xab]);
  });

  it('refuses what lies beyond the disk, part of a sector, and writes to a read-only disk', () => {
    const { request } = rig({ isReadOnly: true });
    expect(request(0, 7, 1024, true)).toBe(1);
    expect(request(0, 0, 100, true)).toBe(1);
    expect(request(1, 0, 512, false)).toBe(1);
    expect(request(99, 0, 512, true)).toBe(2);
    expect(request(0, 2 ** 52, 512, true)).toBe(1);
  });

  it('survives rings and descriptors that lead nowhere or in circles', () => {
    const needsReset = ({ registers }: ReturnType<typeof rig>) => (registers.read(STATUS, 4) & 64) !== 0;
    for (const [address, length, next] of [
      [HEADER, 16, 0],
      [0xffff_0000, 16, 0],
      [HEADER, 0xffff_ffff, 0],
      [HEADER, 16, 9999],
    ] as const) {
      const driver = rig();
      driver.descriptor(0, 0, address, length, 1, next);
      driver.offerHead(0, 0);
      expect(needsReset(driver)).toBe(true);
    }
    const nowhere = rig();
    nowhere.registers.write(DRIVER_LOW, 4, 0xffff_fff0);
    nowhere.registers.write(NOTIFY, 4, 0);
    expect(needsReset(nowhere)).toBe(true);
  });
});
