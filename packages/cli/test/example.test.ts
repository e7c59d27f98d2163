import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lines } from '../examples/compare-a-program.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example compares, and the README shows it and what it gives', () => {
  const readme = read('../README.md');
  expect(readme).toContain(read('../examples/compare-a-program.ts').trim());
  expect(readme).toContain(lines.join('\n'));
});
