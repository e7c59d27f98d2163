/// <reference types="node" />
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../guest-diff.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'guest-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files: Record<string, string> = {
  'same.c': 'int same;\n#ifdef OTHER\nint other;\n#endif\n',
  'changed.c': [
    'int shared;',
    '#ifdef CONFIG_PARAVIRT',
    'int one;',
    '',
    '#if OTHER',
    'int two;',
    '#else',
    'int three;',
    '#endif',
    '#else',
    'int gone;',
    '#endif',
    '#ifndef CONFIG_PARAVIRT',
    'int gone_too;',
    '#else',
    'int four;',
    '#endif',
    'int shared_too;',
  ].join('\n'),
  'arch/timer.c': 'int old_a;\n\nint old_b;\n',
  'para/timer.c': 'int new_a;\n',
  'para/hypercall.S': 'nop\nret\n',
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

test('counts the lines of both branches, of new files and of the files they replace', () => {
  const report = JSON.parse(execFileSync('node', [script, '--json', '--kernel', folder], { encoding: 'utf8' }));
  expect(report).toEqual({
    files: [
      { file: 'para/hypercall.S', kind: 'new', added: 2, removed: 0 },
      { file: 'para/timer.c', kind: 'new', added: 1, removed: 0 },
      { file: 'changed.c', kind: 'changed', added: 4, removed: 2 },
      { file: 'arch/timer.c', kind: 'replaced', added: 0, removed: 2 },
    ],
    added: 7,
    removed: 4,
    sharedFiles: 3,
    kernelLines: 4 + 17 + 2,
  });
});

test('prints a table of the real kernel', () => {
  expect(execFileSync('node', [script], { encoding: 'utf8' })).toMatch(/^total +\d+ +\d+ +of \d+ lines in \d+ files$/m);
});
