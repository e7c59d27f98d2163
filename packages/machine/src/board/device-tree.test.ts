/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { cells, flattenDeviceTree, text } from '@worldswitch/contracts';
import { describe, expect, it } from 'vitest';
import { boardDeviceTree } from './board-device-tree.ts';

const hasCompiler = spawnSync('dtc', ['--version']).status === 0;

const description = {
  memoryBytes: 128 * 2 ** 20,
  extensions: ['I', 'M', 'A', 'C', 'Zicsr', 'Zifencei'],
  bootArguments: 'console=ttyS0 quiet',
  initrd: { start: 0x8700_0000, end: 0x8700_1234 },
};

describe('device tree', () => {
  it('is laid out as the specification says', () => {
    const blob = flattenDeviceTree({ name: '', properties: { a: cells(1), b: text('xy') }, children: [] });
    const view = new DataView(blob.buffer);
    expect(view.getUint32(0)).toBe(0xd00d_feed);
    expect(view.getUint32(4)).toBe(blob.length);
    const structure = view.getUint32(8);
    const words = Array.from({ length: view.getUint32(36) / 4 }, (_, index) => view.getUint32(structure + 4 * index));
    expect(words).toEqual([1, 0, 3, 4, 0, 1, 3, 3, 2, 0x7879_0000, 2, 9]);
  });

  it.skipIf(!hasCompiler)('of the board is accepted by dtc without a warning, and says what the board has', () => {
    const { stdout, stderr, status } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts'], {
      input: boardDeviceTree(description),
    });
    const source = stdout.toString();
    expect([status, stderr.toString()]).toEqual([0, '']);
    expect(source).toContain('serial@10000000');
    expect(source).toContain('reg = <0x00 0x80000000 0x00 0x8000000>');
    expect(source).toContain('bootargs = "console=ttyS0 quiet"');
    expect(source).toContain('riscv,isa = "rv64imac_zicntr_zicsr_zifencei_zihpm_svnapot"');
    expect(source).toContain('linux,initrd-start = <0x00 0x87000000>');
    expect(source.match(/virtio_mmio@/g)).toHaveLength(8);
    expect(source).toMatch(/plic@c000000[\s\S]*interrupts-extended = <0x11 0x0b 0x11 0x09>/);
  });
});
