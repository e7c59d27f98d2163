/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { end, output, traps } from '../examples/run-a-program.ts';

it('the example prints and powers off, and the README shows it as it is', () => {
  expect(output).toBe('Hello, bare machine!\n');
  expect(end).toEqual({ reason: 'poweroff', exitCode: 7 });
  expect(traps).toEqual({ 'ecall-from-s': 21 });
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/run-a-program.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
});
