/// <reference types="node" />
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ExitCode } from '../src/exit-codes.ts';
import { replaceFile } from '../src/node/files/snapshot-file.ts';
import { commandFile, runCommand } from './run-command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-output-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A device that is always full. It is only ever opened and written into here: nothing may take its place. */
const FULL = '/dev/full';

it.skipIf(!existsSync(FULL)).each([
  ['isa', ['isa'], 'the standard output'],
  ['assemble', ['assemble', 'nop.s'], 'the standard output'],
  ['run', ['run', '--world', 'process', 'hello'], 'the standard output'],
  ['trace', ['trace', '--world', 'process', 'hello'], 'the standard output'],
  ['compare', ['compare', '--worlds', 'process', '--program', 'hello', '--trace', FULL], `the trace file '${FULL}'`],
])('%s says in one line that an output is full', (_, args, what) => {
  writeFileSync(join(folder, 'nop.s'), 'nop\n');
  const full = openSync(FULL, 'w');
  const { status, stderr } = spawnSync(process.execPath, [commandFile('worldswitch'), ...args], {
    cwd: folder,
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect(stderr).toMatch(/^worldswitch: cannot write [^\n]*no space is left there[^\n]*\n$/);
  expect(stderr).toContain(what);
  expect(status).toBe(ExitCode.noInput);
});

it.skipIf(process.platform === 'win32')('a snapshot is written into a pipe, and does not take its place', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, 'r+');
  replaceFile(pipe, Uint8Array.of(1, 2, 3));
  expect(lstatSync(pipe).isFIFO()).toBe(true);
  const bytes = new Uint8Array(8);
  expect(readSync(reader, bytes)).toBe(3);
  expect([...bytes.subarray(0, 3)]).toEqual([1, 2, 3]);
  closeSync(reader);
});

it.skipIf(process.platform === 'win32')('a symbolic link stays, and what it points to is replaced', () => {
  const target = join(folder, 'target');
  const link = join(folder, 'link');
  writeFileSync(target, 'old');
  symlinkSync('target', link);
  replaceFile(link, new TextEncoder().encode('new'));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('new');
});

it('says why a snapshot cannot be written, and leaves nothing behind', () => {
  const before = readdirSync(folder);
  expect(() => replaceFile(folder, Uint8Array.of(1))).toThrow(`cannot write '${folder}': it is a directory`);
  const lost = join(folder, 'none', 'file');
  expect(() => replaceFile(lost, Uint8Array.of(1))).toThrow(`cannot write '${lost}': there is no such folder`);
  expect(readdirSync(folder)).toEqual(before);
});

it.each([
  [
    ['compare', '--program', 'hello', '--worlds', 'bare', '--trace', 'FOLDER'],
    "cannot write the trace file 'FOLDER': it is a directory",
    ExitCode.noInput,
  ],
  [['run', 'FOLDER'], "cannot read the program 'FOLDER': it is a directory", ExitCode.noInput],
  [
    ['assemble', 'SOURCE', '--origin', '-5'],
    "--origin: expected an address such as 0x80000000, got '-5'",
    ExitCode.usage,
  ],
] as const)('says what is wrong with %j', (args, message, code) => {
  const source = join(folder, 'one.s');
  writeFileSync(source, 'nop');
  const real = (text: string) => text.replace('FOLDER', folder).replace('SOURCE', source);
  const { status, stderr } = runCommand('worldswitch', args.map(real));
  expect({ status, stderr }).toEqual({ status: code, stderr: `worldswitch: ${real(message)}\n` });
});
