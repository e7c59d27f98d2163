/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the example of the README runs, and prints what the README says', async () => {
  const { lines } = await import('../examples/hello.ts');
  expect(read('../README.md')).toContain(lines.join('\n'));
});

test('the README shows the example as it is', () => {
  expect(read('../README.md')).toContain(read('../examples/hello.ts').trim());
});
