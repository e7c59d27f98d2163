/// <reference types="node" />
import { existsSync, readFileSync } from 'node:fs';
import type { TraceEvent } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { Machine } from '../src/index.ts';

/** Where Debian's qemu-system-data and opensbi packages put it. */
const pathsOf = (name: string) => [
  `/usr/share/qemu/opensbi-riscv64-generic-${name}.bin`,
  `/usr/lib/riscv64-linux-gnu/opensbi/generic/${name}.bin`,
];
const installed = (name: string) => pathsOf(name).find((candidate) => existsSync(candidate));

describe.each([
  ['fw_dynamic', 1],
  ['fw_dynamic', 4],
  ['fw_jump', 4],
  ['fw_dynamic', 8],
] as const)('%s with %i harts', (name, harts) => {
  const path = installed(name);
  it.skipIf(!path)('unmodified OpenSBI, where it is installed, boots the guest OS in machine mode', () =>
    boot(path!, harts),
  );
});

function boot(path: string, harts: number): void {
  const output: number[] = [];
  const events: TraceEvent[] = [];
  const machine = Machine.create({
    firmware: new Uint8Array(readFileSync(path)),
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: program('hello') } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 64 * 2 ** 20,
    engine: 'compiled',
    harts,
    console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
    trace: { emit: (event) => events.push(event) },
  });
  expect(machine.run({ maxInstructions: 100_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
  const text = String.fromCharCode(...output);
  expect(text).toContain('OpenSBI');
  expect(text).toContain('Boot HART PMP Count       : 16');
  expect(text).toContain('Next Mode         : S-mode');
  expect(text).toContain('Hello');
  expect(text).toMatch(new RegExp(`Platform HART Count +: ${harts}\\b`));
  expect(text).toMatch(/Platform IPI Device +: aclint-mswi/);
  const call = events.find((event) => event.cause === 'ecall-from-s');
  expect(call).toMatchObject({ from: 'guest kernel', to: 'firmware', detail: 'time.set_timer' });
  machine.dispose();
}
