/// <reference types="node" />
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { GuestOsError } from './guest-os-error.ts';
import { createInitrd } from './initrd.ts';
import { readInitrd } from './initrd-reader.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function hasCpio(): boolean {
  try {
    execFileSync('cpio', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('createInitrd', () => {
  test.each([0, 1, 2, 3, 4, 5])('a file of %i bytes comes back with its directories', (size) => {
    const data = bytes('abcde'.slice(0, size));
    const archive = createInitrd({
      files: [{ path: '/etc/deep/file', data, mode: 0o600 }],
      program: { path: '/bin/run', data: bytes('program') },
    });
    expect(readInitrd(archive)).toEqual([
      { name: 'etc', mode: 0o040755, data: new Uint8Array() },
      { name: 'etc/deep', mode: 0o040755, data: new Uint8Array() },
      { name: 'etc/deep/file', mode: 0o100600, data },
      { name: 'bin', mode: 0o040755, data: new Uint8Array() },
      { name: 'bin/run', mode: 0o100755, data: bytes('program') },
    ]);
    expect(archive.length % 4).toBe(0);
  });

  test.skipIf(!hasCpio())('GNU cpio lists the same names (skipped where cpio is not installed)', () => {
    const archive = createInitrd({ files: [{ path: '/a/b', data: bytes('x') }] });
    expect(execFileSync('cpio', ['-t', '--quiet'], { input: archive, encoding: 'utf8' })).toBe('a\na/b\n');
  });

  test.each(['relative', '/', '/a/../b', ''])('refuses the path %j', (path) => {
    expect(() => createInitrd({ files: [{ path, data: bytes('') }] })).toThrow(GuestOsError);
  });

  test('refuses a path that is given twice, or as a file and a directory', () => {
    const file = (path: string) => ({ path, data: bytes('') });
    expect(() => createInitrd({ files: [file('/a'), file('/a')] })).toThrow('twice');
    expect(() => createInitrd({ files: [file('/a'), file('/a/b')] })).toThrow('a file and a directory');
    expect(() => createInitrd({ files: [file('/a/b'), file('/a')] })).toThrow('twice');
  });
});

test('readInitrd refuses what is no archive, and one that is cut off', () => {
  const archive = createInitrd({ files: [{ path: '/a', data: bytes('content') }] });
  expect(() => readInitrd(bytes('no archive'))).toThrow(GuestOsError);
  expect(() => readInitrd(new Uint8Array())).toThrow('expected an initrd entry (070701) at offset 0');
  expect(() => readInitrd(archive.subarray(0, 115))).toThrow('the initrd entry at offset 0 is cut off');
  expect(() => readInitrd(archive.subarray(0, 60))).toThrow('cut off');
  expect(() => readInitrd(archive.subarray(0, 120))).toThrow('expected an initrd entry (070701) at offset 120');
});
