/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { output } from '../examples/run-a-container.ts';

it('the example runs, and the README shows it and its output as they are', () => {
  expect(output).toContain('exit code 0');
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/run-a-container.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  expect(readme).toContain(output.join('\n'));
});
