/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

test('the example of the README runs', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('../examples/boot-inputs.ts');
  expect(log.mock.calls).toEqual([['init=/hello quiet -- a "b c"']]);
  log.mockRestore();
});

test('the README shows the example as it is', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../README.md')).toContain(read('../examples/boot-inputs.ts').trim());
});
