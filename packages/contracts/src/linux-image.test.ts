import { describe, expect, it } from 'vitest';
import { LinuxImageError, readLinuxImageHeader } from './linux-image.ts';

/** A header as the documentation has it, and 36 bytes more: 2 MiB above the start of RAM, 12 KiB in memory. */
function image(change: (view: DataView) => void = () => {}): Uint8Array {
  const file = new Uint8Array(100);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x0400_006f, true);
  view.setBigUint64(8, 0x20_0000n, true);
  view.setBigUint64(16, 0x3000n, true);
  view.setUint32(32, 2, true);
  file.set(new TextEncoder().encode('RISCV\0\0\0RSC\x05'), 48);
  change(view);
  return file;
}

describe('the header of a Linux Image', () => {
  it('says where the kernel goes and how much memory it takes, wherever the file lies in its buffer', () => {
    expect(readLinuxImageHeader(image())).toEqual({ textOffset: 0x20_0000, memoryBytes: 0x3000 });
    const moved = new Uint8Array([...new Uint8Array(3), ...image()]).subarray(3);
    expect(readLinuxImageHeader(moved)).toEqual({ textOffset: 0x20_0000, memoryBytes: 0x3000 });
  });

  it('takes no less memory than the file has', () => {
    const small = image((view) => view.setBigUint64(16, 0n, true));
    expect(readLinuxImageHeader(small)).toEqual({ textOffset: 0x20_0000, memoryBytes: 100 });
  });

  it('is known by "RSC\\x05" at offset 56, and is there as a whole or not at all', () => {
    expect(readLinuxImageHeader(image((view) => view.setUint32(56, 0x0443_5352, true)))).toBeUndefined();
    expect(readLinuxImageHeader(image().subarray(0, 64))).toEqual({ textOffset: 0x20_0000, memoryBytes: 0x3000 });
    for (const bytes of [0, 4, 59, 60, 63]) expect(readLinuxImageHeader(image().subarray(0, bytes))).toBeUndefined();
  });

  it.each([
    ['text_offset', 8],
    ['image_size', 16],
  ])('refuses a %s beyond any address', (name, offset) => {
    for (const value of [2n ** 64n - 1n, 2n ** 64n - 0x1000n, 2n ** 63n, 2n ** 53n]) {
      const file = image((view) => view.setBigUint64(offset, value, true));
      expect(() => readLinuxImageHeader(file)).toThrow(LinuxImageError);
      expect(() => readLinuxImageHeader(file)).toThrow(
        `expected ${name} of a Linux Image at offset ${offset}, found 0x${value.toString(16)}: it is beyond any address`,
      );
    }
    expect(readLinuxImageHeader(image((view) => view.setBigUint64(offset, 2n ** 53n - 1n, true)))).toBeDefined();
  });
});
