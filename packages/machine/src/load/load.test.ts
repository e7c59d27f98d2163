import { describe, expect, it } from 'vitest';
import { LoadError } from '../errors.ts';
import { createMachineMemory } from '../memory/machine-memory.ts';
import { Ram } from '../memory/ram.ts';
import { parseElf } from './elf.ts';
import { loadImage } from './image.ts';
import { placeInitrd } from './initrd.ts';

const ram = () => new Ram(createMachineMemory(2 ** 22));

/** A minimal ELF: one segment of 8 bytes at 0x80201000, linked for 0xffffffff80201000, with 8 bytes more of zeros. */
function elf(change: (view: DataView) => void = () => {}): Uint8Array {
  const file = new Uint8Array(64 + 56 + 8);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, 0xffff_ffff_8020_1004n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setBigUint64(72, 120n, true);
  view.setBigUint64(80, 0xffff_ffff_8020_1000n, true);
  view.setBigUint64(88, 0x8020_1000n, true);
  view.setBigUint64(96, 8n, true);
  view.setBigUint64(104, 16n, true);
  file.fill(0x13, 120);
  change(view);
  return file;
}

describe('loading', () => {
  it('puts an ELF file at its physical addresses and clears what follows', () => {
    const memory = ram();
    memory.fill(0x8020_1000, 32, 0xff);
    expect(loadImage(memory, elf())).toEqual({ entry: 0x8020_1004, end: 0x8020_1010 });
    expect([...memory.slice(0x8020_1007, 11)]).toEqual([0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
  });

  it('puts a Linux Image at its text offset and other files at 2 MiB', () => {
    const memory = ram();
    const image = new Uint8Array(64);
    new DataView(image.buffer).setBigUint64(8, 0x1000n, true);
    new DataView(image.buffer).setBigUint64(16, 0x3000n, true);
    new DataView(image.buffer).setUint32(56, 0x0543_5352, true);
    expect(loadImage(memory, image)).toEqual({ entry: 0x8000_1000, end: 0x8000_4000 });
    expect(loadImage(memory, new Uint8Array(100).fill(1)).entry).toBe(0x8020_0000);
  });

  it('refuses a Linux Image with a header that no such file has', () => {
    const image = new Uint8Array(64);
    new DataView(image.buffer).setBigUint64(8, 2n ** 64n - 0x1000n, true);
    new DataView(image.buffer).setUint32(56, 0x0543_5352, true);
    expect(() => loadImage(ram(), image, 'Image')).toThrow(LoadError);
    expect(() => loadImage(ram(), image, 'Image')).toThrow('Image: expected text_offset of a Linux Image at offset 8');
  });

  it.each([
    ['no ELF file', new Uint8Array(200), 'kernel.elf: no ELF file: expected 7f 45 4c 46 at offset 0'],
    ['segments cut short', elf().subarray(0, 124), 'kernel.elf: truncated: segment 0 needs bytes 0x78 to 0x80'],
    ['nothing to load', elf((view) => view.setUint32(64, 2, true)), 'kernel.elf: nothing to load'],
  ])('refuses %s', (_what, file, message) => {
    expect(() => parseElf(file, 'kernel.elf')).toThrow(LoadError);
    expect(() => parseElf(file, 'kernel.elf')).toThrow(message);
  });

  it('refuses what does not fit', () => {
    const outside = elf((view) => view.setBigUint64(88, 0x9000_0000n, true));
    expect(() => loadImage(ram(), outside)).toThrow('needs 0x90000000 to 0x90000010, RAM is 0x80000000 to 0x80400000');
    const program = elf((view) => view.setBigUint64(88, 0x1_0000n, true));
    expect(() => loadImage(ram(), program)).toThrow('linked for 0x10000, below RAM at 0x80000000, as programs');
    expect(() => placeInitrd(ram(), new Uint8Array(2 ** 22), 0x8020_0000, 8192)).toThrow(
      'does not fit above the kernel',
    );
  });
});
