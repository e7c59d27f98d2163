/// <reference types="node" />
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '@worldswitch/isa';
import { inspectSnapshot, Machine } from '@worldswitch/machine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ExitCode } from '../src/exit-codes.ts';
import { replaceFile } from '../src/node/files/snapshot-file.ts';
import { commandFile, runCommand } from './run-command.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
let folder: string;
let kernel: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-snapshot-'));
  kernel = join(folder, 'kernel');
  writeFileSync(kernel, assemble(source, { origin: 0x8020_0000 }).bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Prints the letters again and again, and writes random numbers all over a MiB. */
const source = `
    li   s0, 0x80300000
    li   s1, 12345
    li   s2, 0
next:
    addi a0, s2, 97
    li   a7, 1
    ecall
    addi s2, s2, 1
    li   t0, 26
    blt  s2, t0, fill
    li   s2, 0
fill:
    li   t2, 2000
1:  li   t0, 1103515245
    mul  s1, s1, t0
    addi s1, s1, 1013
    slli t1, s1, 24
    srli t1, t1, 47
    slli t1, t1, 3
    add  t1, t1, s0
    sd   s1, 0(t1)
    addi t2, t2, -1
    bnez t2, 1b
    j    next
`;

const worldswitch = (...args: string[]) => runCommand('worldswitch', args);

it('run saves and restores, in full and incrementally; snapshot looks at files and puts them together', () => {
  const [whole, more, flat] = ['whole', 'more', 'flat'].map((name) => join(folder, name)) as [string, string, string];
  const machine = ['run', '--kernel', kernel, '--memory', '8M'];
  const all = worldswitch(...machine, '--max-instructions', '900000');
  const first = worldswitch(...machine, '--max-instructions', '500000', '--save', whole);
  expect(first.status).toBe(ExitCode.instructionLimit);
  const second = worldswitch(
    ...['run', '--restore', whole, '--engine', 'reference', '--max-instructions', '200000', '--stats'],
    ...['--save', more, '--incremental'],
  );
  expect(second.stderr).toMatch(/did not end within 200000 .*\nworldswitch: 200000 instructions, 0.000 s/);
  expect(inspectSnapshot(readFileSync(more))).toMatchObject({ kind: 'incremental', instructions: 700_000 });
  expect(worldswitch('snapshot', 'flatten', whole, more, '--output', flat).status).toBe(0);
  const third = worldswitch('run', '--restore', flat, '--max-instructions', '200000');
  expect(first.stdout + second.stdout + third.stdout).toBe(all.stdout);
  const chain = worldswitch('run', '--restore', whole, '--restore', more, '--max-instructions', '200000');
  expect(chain.stdout).toBe(third.stdout);

  // 500,000 instructions of 1 ns.
  expect(worldswitch('snapshot', 'inspect', whole).stdout).toContain('500,000 instructions, 0.0005 s of virtual time');
  expect(worldswitch('snapshot', 'inspect', more).stdout).toMatch(/kind +incremental, on top of [0-9a-f]{32}\n/);
  expect(JSON.parse(worldswitch('snapshot', 'inspect', flat, '--json').stdout)).toMatchObject({
    kind: 'full',
    board: { memoryBytes: 8 * 2 ** 20, harts: 1 },
  });
  expect(worldswitch('run', '--restore', more)).toMatchObject({
    status: ExitCode.badInput,
    stderr: expect.stringMatching(/cannot restore the machine: chain: .*hand in that one/),
  });
  expect(worldswitch('snapshot', 'inspect', kernel)).toMatchObject({
    status: ExitCode.badInput,
    stderr: expect.stringContaining('it is no snapshot'),
  });
  for (const option of [
    ['--smp', '2'],
    ['--start-time', 'now'],
  ]) {
    expect(worldswitch('run', '--restore', whole, ...option).status).toBe(ExitCode.usage);
  }
  expect(worldswitch(...machine, '--save-at', '7').stderr).toContain('--save FILE');
});

it.each(['16x4:plru', '8x2:lru', '8x2:random', 'unbounded', 'none'])('saves and restores the TLB %s', (tlb) => {
  const file = join(folder, 'tlb');
  const guest = join(import.meta.dirname, '../../guest-os/images/kernel/kernel.elf');
  const limit = ['--max-instructions', '20000'];
  worldswitch('run', '--memory', '16M', '--kernel', guest, '--tlb', tlb, ...limit, '--save', file);
  const { board } = inspectSnapshot(readFileSync(file));
  const again = join(folder, 'tlb-again');
  expect(worldswitch('run', '--restore', file, ...limit, '--save', again).status).toBe(ExitCode.instructionLimit);
  expect(inspectSnapshot(readFileSync(again))).toMatchObject({ instructions: 40_000, board });
});

it('restores a machine with a TLB of the user, given its file', () => {
  const file = join(folder, 'own-tlb');
  const guest = join(import.meta.dirname, '../../guest-os/images/kernel/kernel.elf');
  const own = ['--tlb', join(import.meta.dirname, '../examples/direct-mapped-tlb.ts')];
  const limit = ['--max-instructions', '20000'];
  worldswitch('run', '--memory', '16M', '--kernel', guest, ...own, ...limit, '--save', file);
  expect(worldswitch('run', '--restore', file, ...limit).stderr).toContain(
    "saved with the TLB 'direct-mapped 64', which is none of this command's: give its file with --tlb",
  );
  expect(worldswitch('run', '--restore', file, '--tlb', '4x4', ...limit).stderr).toContain("'direct-mapped 64'");
  expect(worldswitch('run', '--restore', file, ...own, ...limit).status).toBe(ExitCode.instructionLimit);
});

it('says which devices a saved machine needs', () => {
  const [file, disk] = [join(folder, 'devices'), join(folder, 'disk.img')];
  writeFileSync(disk, new Uint8Array(4096));
  const devices = ['--drive', disk, '--drive', disk, '--rng'];
  const limit = ['--max-instructions', '1000'];
  worldswitch('run', '--kernel', kernel, '--memory', '8M', ...devices, ...limit, '--save', file);
  const restored = (...options: string[]) => worldswitch('run', '--restore', file, ...options, ...limit);
  expect(restored(...devices).status).toBe(ExitCode.instructionLimit);
  const refused = (...options: string[]) => {
    const { status, stderr } = restored(...options);
    expect(status).toBe(ExitCode.badInput);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    return stderr;
  };
  expect(refused()).toContain('give --drive 2 times and --rng (disks with the contents that they had)\n');
  expect(refused('--drive', disk, '--rng')).toContain('give --drive 2 times (disks');
  expect(refused(...devices, '--balloon')).toContain('other devices: leave --balloon out\n');
  expect(refused('--drive', disk, '--drive', disk, '--rng', 'file=/dev/urandom')).toContain(
    'its random bytes did not come from a file: give --rng without file=\n',
  );
});

const writtenAt = (path: string) => (existsSync(path) ? statSync(path).mtimeMs : 0);

it(`killed at any moment, there is the old snapshot or the new (seed ${seed})`, async () => {
  const file = join(folder, 'again-and-again');
  const seen: number[] = [];
  let random = seed;
  for (let kill = 0; kill < 14; kill++) {
    const start = existsSync(file) ? ['--restore', file] : ['--kernel', kernel, '--memory', '4M'];
    const child = spawn(
      process.execPath,
      [commandFile('worldswitch'), 'run', ...start, '--save', file, '--save-every', '3000'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const gone = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    child.stdout.resume();
    // Once it has saved for the first time it saves all the time.
    const before = writtenAt(file);
    while (writtenAt(file) === before && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 3));
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    await new Promise((resolve) => setTimeout(resolve, (random >>> 8) % 100));
    child.kill('SIGKILL');
    expect(await gone).toBe('SIGKILL');
    const bytes = readFileSync(file);
    Machine.restore(bytes).dispose();
    seen.push(inspectSnapshot(bytes).instructions);
  }
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(new Set(seen).size).toBe(seen.length);
  // What the killed ones left behind goes when the next one writes.
  replaceFile(file, readFileSync(file));
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
