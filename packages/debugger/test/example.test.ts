/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lines } from '../examples/stop-at-a-store.ts';

it('the example stops at its stores, and the README shows it as it is', () => {
  expect(lines.slice(0, 3)).toEqual(
    [3, 6, 9].map((value) => expect.stringMatching(new RegExp(`^write at 0x802000\\w+: a0 is ${value}$`))),
  );
  const guide = readFileSync(new URL('../../../apps/docs-site/guide/debug-with-gdb.md', import.meta.url), 'utf8');
  expect(guide).toContain(lines.join('\n'));
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/stop-at-a-store.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  for (const line of lines) expect(readme).toContain(line);
});
