/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { answer, reason } from '../examples/own-device.ts';
import { notes } from '../examples/own-instruction.ts';
import { reason as countdownEnd, first, last, source } from '../examples/own-mmio-device.ts';
import { end, output, traps } from '../examples/run-a-program.ts';
import { past, present, saved } from '../examples/save-and-restore.ts';
import { lines } from '../examples/step-harts.ts';

it('the example prints and powers off, and the README shows it as it is', () => {
  expect(output).toBe('Hello, bare machine!\n');
  expect(end).toEqual({ reason: 'poweroff', exitCode: 7 });
  expect(traps).toEqual({ 'ecall-from-s': 21 });
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/run-a-program.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
});

it('the example saves, restores and goes back, and the README shows it as it is', () => {
  // Two instructions for each number counted.
  expect(saved).toEqual([500, 1000]);
  expect([past, present]).toEqual([25_000, 51_000]);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/save-and-restore.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
});

it('the example adds instructions and a CSR', () => {
  expect(notes).toEqual([20n, 7n]);
});

it('the example adds a device with registers in memory', () => {
  expect([first, source, last, countdownEnd]).toEqual([500, 20, 0, 'poweroff']);
});

it('the example adds a virtio device', () => {
  expect([answer, reason]).toEqual(['HELLO', 'poweroff']);
});

it('the example steps harts', () => {
  expect(lines).toEqual([
    'hart 0 retired 0x80000000',
    'hart 0 retired 0x80000004',
    'hart 0 retired 0x80000008',
    'hart 0 started: 20003 instructions, counted to 5000',
    'hart 1 started: 20000 instructions, counted to 4999',
  ]);
});
