/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exitCode, systemCalls } from '../examples/own-system-call.ts';
import { lines } from '../examples/run-a-program.ts';

it('the example runs, and the README shows it and its output as they are', () => {
  expect(lines).toContain('all-exited, exit code 0');
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/run-a-program.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  expect(readme).toContain(lines.join('\n'));
});

it('the example adds a system call', () => {
  expect([exitCode, systemCalls]).toEqual([42, { exit: 1, multiply: 1 }]);
});
