import type { DmaMemory } from '@worldswitch/contracts';
import { describe, expect, it } from 'vitest';
import { createMemoryBackend, createVirtioBlock } from './virtio-block.ts';
import { createVirtioMmio } from './virtio-mmio.ts';

// Register offsets restated from VIRTIO 1.2, table 4.1.
const REG = { deviceId: 0x8, queueNumMax: 0x34, queueNum: 0x38, queueReady: 0x44, notify: 0x50, isr: 0x60, ack: 0x64 };
const ADDRESS = { desc: 0x80, driver: 0x90, device: 0xa0 };
const STATUS = 0x70;

const DESC = 0x1000;
const AVAIL = 0x2000;
const USED = 0x3000;
const HEADER = 0x4000;
const DATA = 0x5000;
const RESULT = 0x6000;

function rig(options: { readonly isReadOnly?: boolean } = {}) {
  const bytes = new Uint8Array(0x1_0000);
  const view = new DataView(bytes.buffer);
  const memory: DmaMemory = {
    view: (address, length) =>
      address >= 0 && length >= 0 && address + length <= bytes.length
        ? bytes.subarray(address, address + length)
        : undefined,
    noteWrite() {},
  };
  const disk = new Uint8Array(8 * 512).map((_, index) => index >> 9);
  let line = false;
  const device = createVirtioMmio({
    device: createVirtioBlock(createMemoryBackend(disk, options)),
    memory,
    interrupt: {
      set: (isHigh) => {
        line = isHigh;
      },
    },
  });
  device.write(REG.queueNum, 4, 8);
  device.write(ADDRESS.desc, 4, DESC);
  device.write(ADDRESS.driver, 4, AVAIL);
  device.write(ADDRESS.device, 4, USED);
  device.write(REG.queueReady, 4, 1);
  let available = 0;
  const descriptor = (index: number, address: number, length: number, flags: number, next: number) => {
    view.setBigUint64(DESC + index * 16, BigInt(address), true);
    view.setUint32(DESC + index * 16 + 8, length, true);
    view.setUint16(DESC + index * 16 + 12, flags, true);
    view.setUint16(DESC + index * 16 + 14, next, true);
  };
  /** One request of header, data and status descriptors; returns the status byte. */
  const request = (type: number, sector: number, length: number, isDataWritable: boolean): number => {
    view.setUint32(HEADER, type, true);
    view.setBigUint64(HEADER + 8, BigInt(sector), true);
    bytes[RESULT] = 0xee;
    descriptor(0, HEADER, 16, 1, 1);
    descriptor(1, DATA, length, isDataWritable ? 3 : 1, 2);
    descriptor(2, RESULT, 1, 2, 0);
    view.setUint16(AVAIL + 4 + 2 * (available % 8), 0, true);
    view.setUint16(AVAIL + 2, ++available, true);
    device.write(REG.notify, 4, 0);
    return bytes[RESULT]!;
  };
  return { bytes, view, disk, device, request, descriptor, line: () => line };
}

describe('virtio block device', () => {
  it('is a device of type 2 with its capacity in sectors', () => {
    const { device } = rig();
    expect([device.read(0, 4), device.read(4, 4), device.read(REG.deviceId, 4)]).toEqual([0x7472_6976, 2, 2]);
    expect([device.read(0x100, 4), device.read(0x104, 4)]).toEqual([8, 0]);
  });

  it('reads and writes sectors, and interrupts until acknowledged', () => {
    const { bytes, view, disk, device, request, line } = rig();
    expect(request(0, 3, 1024, true)).toBe(0);
    expect([bytes[DATA], bytes[DATA + 511], bytes[DATA + 512]]).toEqual([3, 3, 4]);
    expect([view.getUint16(USED + 2, true), view.getUint32(USED + 8, true)]).toEqual([1, 1025]);
    expect([line(), device.read(REG.isr, 4)]).toEqual([true, 1]);
    device.write(REG.ack, 4, 1);
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
    const { view, device, descriptor } = rig();
    descriptor(0, HEADER, 16, 1, 0);
    view.setUint16(AVAIL + 2, 1, true);
    device.write(REG.notify, 4, 0);
    // DEVICE_NEEDS_RESET.
    expect(device.read(STATUS, 4) & 64).toBe(64);
    for (const [address, length, next] of [
      [0xffff_0000, 16, 0],
      [HEADER, 0xffff_ffff, 0],
      [HEADER, 16, 9999],
    ] as const) {
      const other = rig();
      other.descriptor(0, address, length, 1, next);
      other.view.setUint16(AVAIL + 2, 1, true);
      other.device.write(REG.notify, 4, 0);
      expect(other.device.read(STATUS, 4) & 64).toBe(64);
    }
    const nowhere = rig();
    nowhere.device.write(ADDRESS.driver, 4, 0xffff_fff0);
    nowhere.device.write(REG.notify, 4, 0);
    expect(nowhere.device.read(STATUS, 4) & 64).toBe(64);
  });
});
