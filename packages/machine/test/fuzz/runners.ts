/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCompiledEngine } from '../../src/engine/compiler/index.ts';
import { engineNames, Machine } from '../../src/index.ts';
import { IMAGE_BYTES, RAM_BASE, RAM_BYTES } from './layout.ts';
import { laterExtensions } from './sequence.ts';

/** Instructions after which an image does not end any more. */
const LIMIT = 20_000_000;

/** The engines, and the compiling one so that it compiles what runs once. */
export const fuzzedEngines = [...engineNames, 'eager'] as const;
export type FuzzedEngine = (typeof fuzzedEngines)[number];

/** Runs an image on one of our engines; the memory afterwards. */
export function runOurs(image: Uint8Array, engine: FuzzedEngine): Uint8Array {
  const machine = Machine.create({
    firmware: image.slice(0, 0x1_0000),
    memoryBytes: RAM_BYTES,
    engine: engine === 'eager' ? 'compiled' : engine,
  });
  const { group } = machine.board.hart;
  if (engine === 'eager') group.engine = createCompiledEngine(group, { threshold: 0, maxFunctions: 1024 });
  const { ram } = machine.board;
  ram.write(RAM_BASE, image);
  const end = machine.run({ maxInstructions: LIMIT });
  // The sequence that hangs, and all after it, differ then.
  if (end.reason !== 'poweroff') console.warn(`the ${engine} engine ended with ${JSON.stringify(end)}`);
  const memory = ram.bytes.slice(0, IMAGE_BYTES);
  machine.dispose();
  return memory;
}

/** The major version of a qemu-system-riscv64, or undefined where there is none. */
export function qemuVersion(command: string): number | undefined {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  const found = /version (\d+)/.exec(stdout ?? '');
  return found ? Number(found[1]) : undefined;
}

/** Ends what hangs for good; no computer is so slow. */
const HANG_MS = 600_000;

/** Runs an image in QEMU's virt machine. Its RAM is a file, so that the results need no device to come out of it. */
export function runQemu(image: Uint8Array, command: string, version: number): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const ram = join(folder, 'ram');
    const content = new Uint8Array(RAM_BYTES);
    content.set(image);
    writeFileSync(ram, content);
    const properties = Object.values(laterExtensions).flatMap(([property, first]) =>
      version >= first ? [`${property}=true`] : [],
    );
    const { status, signal, stderr } = spawnSync(
      command,
      [
        ...['-machine', 'virt,memory-backend=ram', '-m', `${RAM_BYTES >> 20}M`, '-bios', 'none'],
        ...['-object', `memory-backend-file,id=ram,size=${RAM_BYTES},mem-path=${ram},share=on`],
        ...['-cpu', ['rv64', ...properties].join(','), '-nodefaults', '-display', 'none', '-no-reboot'],
      ],
      { encoding: 'utf8', timeout: HANG_MS },
    );
    if (status !== 0) throw new Error(`QEMU ended with ${status ?? signal}: ${stderr}`);
    return new Uint8Array(readFileSync(ram)).subarray(0, IMAGE_BYTES);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
