/// <reference types="node" />
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GuestOsError } from './guest-os-error.ts';
import { guestKernel, guestKernelElf, program, programNames, rogueKernel, rogueKernelNames } from './images.ts';

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const built = (path: string) => readFileSync(new URL(`../images/${path}`, import.meta.url));
const view = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset, data.byteLength);

/** ELF-64 header fields (System V ABI): magic and class, e_type, e_machine, e_entry. */
function elfHeader(data: Uint8Array) {
  const header = view(data);
  return {
    magic: header.getUint32(0),
    class: data[4],
    machine: header.getUint16(18, true),
    entry: header.getBigUint64(24, true),
  };
}

const RISCV = 243;

describe('programs', () => {
  test('the programs that others rely on are there', () => {
    const expected = ['cat', 'cpu-loop', 'echo', 'flood', 'fork-exec', 'hello', 'illegal', 'ls', 'memory-walk'];
    expected.push('pipe-ping-pong', 'sh', 'spin', 'syscall-loop', 'tour', 'wild-pointer');
    expect(programNames).toEqual(expect.arrayContaining(expected));
  });

  test.each(programNames.map((name) => [name]))('%s is a small RISC-V ELF, the same as its file', (name) => {
    const data = program(name);
    expect(elfHeader(data)).toMatchObject({ magic: 0x7f454c46, class: 2, machine: RISCV });
    expect(sha256(data)).toBe(sha256(built(`programs/${name}.elf`)));
    expect(data.length).toBeLessThan(20 * 1024);
  });

  test('each call gives a copy of its own', () => {
    program('hello').fill(0);
    expect(elfHeader(program('hello')).machine).toBe(RISCV);
  });

  test.each(['nothing', 'toString', '../kernel'])('the name %j is an error', (name) => {
    expect(() => program(name)).toThrow(GuestOsError);
  });
});

describe('kernel', () => {
  test('the image carries the header of the Linux boot protocol', () => {
    const data = guestKernel('full');
    expect(new TextDecoder().decode(data.subarray(48, 53))).toBe('RISCV');
    expect(new TextDecoder().decode(data.subarray(56, 60))).toBe('RSC\x05');
    expect(view(data).getBigUint64(8, true)).toBe(0x200000n);
    expect(Number(view(data).getBigUint64(16, true))).toBeGreaterThanOrEqual(data.length);
  });

  test('the ELF file is entered at its physical load address', () => {
    expect(elfHeader(guestKernelElf('full')).entry).toBe(0x80200000n);
  });

  test.each([
    ['full', 'kernel'],
    ['para', 'kernel-para'],
  ] as const)('the %s kernel is the same as its files, and small', (variant, file) => {
    expect(elfHeader(guestKernelElf(variant))).toMatchObject({ magic: 0x7f454c46, class: 2, machine: RISCV });
    expect(sha256(guestKernelElf(variant))).toBe(sha256(built(`kernel/${file}.elf`)));
    expect(sha256(guestKernel(variant))).toBe(sha256(built(`kernel/${file}.image`)));
    expect(guestKernelElf(variant).length).toBeLessThan(150 * 1024);
  });
});

test('rogue kernels load as the guest kernel does', () => {
  expect(rogueKernelNames).toContain('jump-to-nowhere');
  for (const name of rogueKernelNames) {
    expect(new TextDecoder().decode(rogueKernel(name).subarray(48, 53))).toBe('RISCV');
    expect(sha256(rogueKernel(name))).toBe(sha256(built(`rogue-kernels/${name}.image`)));
  }
  expect(() => rogueKernel('tame')).toThrow(GuestOsError);
});
