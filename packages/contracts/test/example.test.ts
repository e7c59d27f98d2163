/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lines } from '../examples/check-a-tlb.ts';

it('the example finds what is wrong, and the README shows it as it is', () => {
  expect(lines).toHaveLength(3);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/check-a-tlb.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  for (const line of lines) expect(readme).toContain(line);
});
