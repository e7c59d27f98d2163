import type { PhysicalMemory } from '../src/index.ts';

/** The smallest PhysicalMemory: an array. For tests of whatever needs memory and no machine. */
export function createArrayMemory(options: { readonly base?: number; readonly size: number }): PhysicalMemory {
  const base = options.base ?? 0x8000_0000;
  const { size } = options;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);

  const contains = (address: number, length: number) =>
    Number.isInteger(address) && length >= 0 && address >= base && address - base + length <= size;
  const offset = (address: number, width: number) => {
    if (!contains(address, width)) throw new RangeError(`0x${address.toString(16)} is outside of memory`);
    if (address % width !== 0) throw new RangeError(`0x${address.toString(16)} is not aligned to ${width} bytes`);
    return address - base;
  };
  const range = (address: number, length: number) => {
    if (!contains(address, length))
      throw new RangeError(`0x${address.toString(16)}, ${length} bytes, is outside of memory`);
    return address - base;
  };

  return {
    base,
    size,
    bytes,
    contains,
    read8: (address) => view.getUint8(offset(address, 1)),
    read16: (address) => view.getUint16(offset(address, 2), true),
    read32: (address) => view.getUint32(offset(address, 4), true),
    read64: (address) => view.getBigUint64(offset(address, 8), true),
    write8: (address, value) => view.setUint8(offset(address, 1), value),
    write16: (address, value) => view.setUint16(offset(address, 2), value, true),
    write32: (address, value) => view.setUint32(offset(address, 4), value, true),
    write64: (address, value) => view.setBigUint64(offset(address, 8), value, true),
    slice: (address, length) => bytes.subarray(range(address, length), range(address, length) + length),
    write: (address, data) => bytes.set(data, range(address, data.length)),
    fill: (address, length, value) => {
      bytes.fill(value, range(address, length), range(address, length) + length);
    },
    noteWrite() {},
  };
}
