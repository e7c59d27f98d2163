/// <reference types="node" />
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { afterEach, describe, expect, it } from 'vitest';
import { Machine, type MachineOptions } from '../src/index.ts';
import { diskProgram } from './disk-program.ts';
import { createRandom } from './random-program.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const random = createRandom(seed);
const PAGE = 4096;

let machine: Machine | undefined;
afterEach(() => machine?.dispose());

/** Pages that differ, found by looking at all of them. */
function differing(before: Uint8Array, after: Uint8Array): number[] {
  const pages: number[] = [];
  for (let page = 0; page * PAGE < before.length; page++) {
    const [from, to] = [page * PAGE, (page + 1) * PAGE];
    if (Buffer.compare(before.subarray(from, to), after.subarray(from, to)) !== 0) pages.push(page);
  }
  return pages;
}

const programs: Record<string, () => Partial<MachineOptions>> = {
  'stores, atomics and disk requests in machine mode': () => ({
    firmware: assemble(diskProgram, { origin: 0x8000_0000 }).bytes,
    disk: new Uint8Array(64 * 512),
  }),
  'the same on three harts': () => ({
    firmware: assemble(diskProgram, { origin: 0x8000_0000 }).bytes,
    disk: new Uint8Array(64 * 512),
    harts: 3,
  }),
  'a guest OS with address spaces, page tables and new code': () => ({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('fork-exec') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
  }),
};

describe(`no page that changes goes unmarked (seed ${seed})`, () => {
  it.each(
    Object.keys(programs).flatMap((name) =>
      (['compiled', 'reference'] as const).map((engine) => [name, engine] as const),
    ),
  )('%s, on the %s engine', (name, engine) => {
    machine = Machine.create({ ...programs[name]!(), memoryBytes: 16 * 2 ** 20, engine });
    const { ram } = machine.board;
    const everWritten = new Set(ram.dirty.since(1));
    ram.bytes.forEach((byte, offset) => {
      if (byte !== 0 && !everWritten.has(offset >>> 12))
        throw new Error(`page ${offset >>> 12} was loaded without a mark`);
    });
    let changes = 0;
    let marks = 0;
    // Cuts of two owners, so that marks must outlive the other's cuts.
    let far = { cut: ram.dirty.cut(), bytes: ram.bytes.slice() };
    for (let round = 0; round < 30; round++) {
      const near = { cut: ram.dirty.cut(), bytes: ram.bytes.slice() };
      machine.run({ maxInstructions: 1 + (random() % (round % 2 ? 100 : 60_000)) });
      if (round % 5 === 0) ram.write(ram.base + (random() % 0x80_0000), Uint8Array.of(random() & 0xff));
      if (round % 7 === 0) ram.fill(ram.base + (random() % 0x80_0000), random() % 10_000, 0x55);
      for (const { cut, bytes } of [near, far]) {
        const marked = new Set(ram.dirty.since(cut));
        const changed = differing(bytes, ram.bytes);
        expect(changed.filter((page) => !marked.has(page))).toEqual([]);
        changes += changed.length;
        marks += marked.size;
      }
      if (round % 9 === 8) far = { cut: ram.dirty.cut(), bytes: ram.bytes.slice() };
    }
    expect(changes).toBeGreaterThan(100);
    // Not everything is marked either.
    expect(marks).toBeLessThan(3 * changes);
  });
});
