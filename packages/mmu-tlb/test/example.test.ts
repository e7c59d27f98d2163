/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lines } from '../examples/translate.ts';

it('the example translates, and the README shows it as it is', () => {
  expect(lines).toEqual([
    '0x12345: walked, 3 references, VRW-U-AD',
    '0x12345: hit, frame 0x8000f',
    '0x12346: page fault after 3 references',
  ]);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/translate.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  for (const line of lines) expect(readme).toContain(line);
});
