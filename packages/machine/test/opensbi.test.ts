/// <reference types="node" />
import { existsSync, readFileSync } from 'node:fs';
import type { TraceEvent } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { expect, it } from 'vitest';
import { Machine } from '../src/index.ts';

/** Where Debian's qemu-system-data and opensbi packages put it. */
const paths = [
  '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin',
  '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin',
];
const path = paths.find((candidate) => existsSync(candidate));

it.skipIf(!path)('unmodified OpenSBI, where it is installed, boots the guest OS in machine mode', () => {
  const output: number[] = [];
  const events: TraceEvent[] = [];
  const machine = Machine.create({
    firmware: new Uint8Array(readFileSync(path!)),
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('hello') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 64 * 2 ** 20,
    engine: 'compiled',
    console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
    trace: { emit: (event) => events.push(event) },
  });
  expect(machine.run({ maxInstructions: 50_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
  const text = String.fromCharCode(...output);
  expect(text).toContain('OpenSBI');
  expect(text).toContain('Boot HART PMP Count       : 16');
  expect(text).toContain('Next Mode         : S-mode');
  expect(text).toContain('Hello');
  const call = events.find((event) => event.cause === 'ecall-from-s');
  expect(call).toMatchObject({ from: 'guest kernel', to: 'firmware', detail: 'time.set_timer' });
  machine.dispose();
});
