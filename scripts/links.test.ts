import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs', 'decisions')).map((name) => `docs/decisions/${name}`),
  'docs/terminology.md',
  'docs/cards.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
];

it.each(documents)('%s names only files that exist', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const missing: string[] = [];
  for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
    if (!existsSync(join(root, dirname(document), target))) missing.push(target);
  }
  for (const [, path = ''] of text.matchAll(/`((?:packages|apps|scripts|docs)\/[\w./-]+)`/g)) {
    if (!existsSync(join(root, path)) && !path.includes('*')) missing.push(path);
  }
  expect(missing).toEqual([]);
});
