/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lines } from '../examples/extension.ts';

it('the example adds an instruction, and the README shows it as it is', () => {
  expect(lines).toEqual([
    'li a1,5  # a0 = 0',
    'triple.add a0,a1,a1  # a0 = 20',
    'Three times rs1 plus rs2.',
    'triple.add rd, rs1, rs2',
    '| 0000001 | rs2 | rs1 | 111 | rd | 0001011 |',
    'x[rd] = (x[rs1] * 3) + x[rs2]',
  ]);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../examples/extension.ts', import.meta.url), 'utf8');
  expect(readme).toContain(example.trimEnd());
  for (const line of lines) expect(readme).toContain(line);
});
