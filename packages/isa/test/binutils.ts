/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs for differential tests; a test that needs one that is missing is skipped and says so. */
export const tools = {
  as: 'riscv64-linux-gnu-as',
  ld: 'riscv64-linux-gnu-ld',
  objcopy: 'riscv64-linux-gnu-objcopy',
  objdump: 'riscv64-linux-gnu-objdump',
  gcc: 'riscv64-linux-gnu-gcc',
  qemu: process.env.WORLDSWITCH_QEMU_USER ?? 'qemu-riscv64',
} as const;

/** Extensions that binutils 2.40, of Debian 12, does not know. */
export const unknownToBinutils: ReadonlySet<string> = new Set(['Zicond', 'Zfa', 'Zacas', 'Zimop', 'Zcmop']);

export const isInstalled = (...names: readonly (keyof typeof tools)[]): boolean =>
  names.every((name) => spawnSync(tools[name], ['--version']).status === 0);

/** A seeded generator (xorshift32), so that a failure can be repeated. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export function inTemporaryFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'isa-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function run(tool: keyof typeof tools, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(tools[tool], args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${tools[tool]} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Assembles with GNU as and links at `origin` without relaxation; returns the flat image of .text and .data. */
export function gnuAssemble(source: string, march: string, origin = 0): Uint8Array {
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'a.s'), source);
    run('as', [`-march=${march}`, '-mno-relax', '-o', 'a.o', 'a.s'], folder);
    run('ld', ['--no-relax', `-Ttext=0x${origin.toString(16)}`, '-e', '0', '-N', '-o', 'a.elf', 'a.o'], folder);
    run('objcopy', ['-O', 'binary', 'a.elf', 'a.bin'], folder);
    return new Uint8Array(readFileSync(join(folder, 'a.bin')));
  });
}

/** objdump's text of each encoding, laid out one after the other from address 0; with raw or with alias names. */
export function gnuDisassemble(
  encodings: readonly { bits: number; length: 2 | 4 }[],
  style: 'aliases' | 'raw',
): string[] {
  return inTemporaryFolder((folder) => {
    // Each stands in 4 bytes: a short one is followed by c.nop.
    const data = Buffer.alloc(encodings.length * 4);
    for (const [index, { bits, length }] of encodings.entries()) {
      if (length === 4) data.writeUInt32LE(bits, index * 4);
      else data.writeUInt32LE((0x0001_0000 | bits) >>> 0, index * 4);
    }
    writeFileSync(join(folder, 'a.bin'), data);
    const flags = style === 'raw' ? ['-M', 'no-aliases'] : [];
    // An object whose attributes name the extensions, with its code replaced.
    writeFileSync(join(folder, 'a.s'), `.zero ${data.length}\n`);
    run(
      'as',
      ['-march=rv64gch_zba_zbb_zbc_zbs_zihintpause_zicbom_zicbop_zicboz_zawrs_svinval', '-o', 'a.o', 'a.s'],
      folder,
    );
    run('objcopy', ['--update-section', '.text=a.bin', '--strip-all', 'a.o'], folder);
    const text = run('objdump', ['-d', '-z', ...flags, 'a.o'], folder);
    const byAddress = new Map<number, string>();
    for (const line of text.split('\n')) {
      const found = /^\s*([0-9a-f]+):\s+([0-9a-f]+)\s+(.*)$/.exec(line);
      if (found) byAddress.set(Number.parseInt(found[1]!, 16), found[3]!);
    }
    return encodings.map((_, index) => byAddress.get(index * 4) ?? 'missing');
  });
}

/** The major version of the user-mode QEMU. */
export function qemuVersion(): number {
  const { stdout } = spawnSync(tools.qemu, ['--version'], { encoding: 'utf8' });
  return Number(/version (\d+)/.exec(stdout)?.[1] ?? 0);
}
