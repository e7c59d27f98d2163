import { guestKernel, guestKernelElf } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { paraWorld, VmmParaError } from '../src/index.ts';
import { createRogueKernel } from './rogue-guest.ts';
import { createHost } from './test-world.ts';

const MEBIBYTE = 1 << 20;

function create(
  kernel: Uint8Array,
  memoryBytes = 8 * MEBIBYTE,
  more: { initrd?: Uint8Array; bootArguments?: string } = {},
) {
  const host = createHost();
  const before = host.ps().length;
  try {
    return paraWorld.create(host, {
      name: 'refused',
      program: { image: new Uint8Array(0), arguments: [] },
      memoryBytes,
      guest: { kernel, ...more },
    });
  } finally {
    // What was refused holds nothing.
    if (before === host.ps().length) expect(host.allocateFrames(48 * 256).length).toBe(48 * 256);
  }
}

describe('a domain that cannot be is refused with a sentence', () => {
  const elf = guestKernelElf('para');
  const withMagic = (change: (view: DataView, bytes: Uint8Array) => void) => {
    const bytes = elf.slice();
    change(new DataView(bytes.buffer), bytes);
    return bytes;
  };

  it.each([
    ['the unmodified kernel', guestKernel('full'), /not the paravirtual build/],
    ['the unmodified kernel as ELF', guestKernelElf('full'), /not the paravirtual build/],
    ['an empty file', new Uint8Array(0), /not the paravirtual build/],
    ['an ELF file cut in its header', elf.slice(0, 40), /cut off/],
    ['an ELF file cut in a segment', elf.slice(0, 20_000), /cut off/],
    ['an ELF file for x86', withMagic((view) => view.setUint16(18, 62, true)), /not for 64-bit little-endian RISC-V/],
    ['a 32-bit ELF file', withMagic((_, bytes) => bytes.fill(1, 4, 5)), /not for 64-bit/],
    ['headers beyond the end', withMagic((view) => view.setBigUint64(32, 2n ** 40n, true)), /cut off/],
    ['a raw image cut in its code', guestKernel('para').slice(0, 5000), /cut off/],
  ])('%s', (_, kernel, message) => {
    expect(() => create(kernel)).toThrow(VmmParaError);
    expect(() => create(kernel)).toThrow(message);
  });

  it('a header that makes no sense', () => {
    for (const [offset, value] of [
      [8, 0x1234n],
      [24, 0n],
      [40, 0n],
      [40, 2n ** 63n],
    ] as const) {
      const kernel = createRogueKernel('');
      new DataView(kernel.buffer).setBigUint64(offset, value, true);
      expect(() => create(kernel), `offset ${offset}`).toThrow(VmmParaError);
    }
  });

  it('memory that is too small, or of an odd size', () => {
    expect(() => create(createRogueKernel(''), 2 * MEBIBYTE)).toThrow(/cannot hold/);
    expect(() => create(createRogueKernel(''), 3 * MEBIBYTE)).toThrow(/multiple of 2 MiB/);
    expect(() => create(createRogueKernel(''), 0)).toThrow(/multiple of 2 MiB/);
    expect(() => create(createRogueKernel(''), 4 * MEBIBYTE, { initrd: new Uint8Array(2 * MEBIBYTE) })).toThrow(
      /cannot hold/,
    );
  });

  it('a command line that is too long', () => {
    const bootArguments = 'x'.repeat(1024);
    expect(() => create(createRogueKernel(''), 8 * MEBIBYTE, { bootArguments })).toThrow(/1024 bytes/);
  });

  it('a host without the memory', () => {
    expect(() => create(createRogueKernel(''), 512 * MEBIBYTE)).toThrow(/ENOMEM|memory|frames/i);
  });

  it('no guest at all', () => {
    expect(() =>
      paraWorld.create(createHost(), {
        name: 'none',
        program: { image: new Uint8Array(0), arguments: [] },
        memoryBytes: 8 * MEBIBYTE,
      }),
    ).toThrow(/needs a guest kernel/);
  });
});
