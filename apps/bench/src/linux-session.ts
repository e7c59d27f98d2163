import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInitrd } from '@worldswitch/guest-os';
import type { BenchProgram } from './program-table.ts';
import type { Sample } from './report.ts';

/** Where a kernel and an initial RAM disk with busybox are: what scripts/linux/fetch.mjs makes. */
export interface LinuxFiles {
  readonly kernel: string;
  readonly initrd: string;
}

export const LINUX_MEMORY_MIB = 512;
export const LINUX_ARGUMENTS = 'console=ttyS0 quiet rdinit=/bench/init';

/** The first process: each program without work and with it, between marks, and then off. */
function initScript(programs: readonly BenchProgram[]): string {
  return [
    '#!/bin/busybox sh',
    // What the kernel still does in the background (it tests its cryptography) is to be over.
    '/bin/busybox sleep 20',
    'run() { echo "[begin $1 $2]"; "/bench/$1" "$2"; echo "[end $1 $2]"; }',
    ...programs.flatMap(({ name, n }) => [`run ${name} 0`, `run ${name} ${n}`]),
    '/bin/busybox poweroff -f',
    '',
  ].join('\n');
}

/** Writes the RAM disk with the programs added, to `path`. Linux unpacks one archive after the other. */
export function writeLinuxInitrd(path: string, files: LinuxFiles, images: string, programs: readonly BenchProgram[]) {
  const ours = createInitrd({
    program: { path: '/bench/init', data: new TextEncoder().encode(initScript(programs)) },
    files: programs.map(({ name }) => ({
      path: `/bench/${name}`,
      data: readFileSync(join(images, `${name}.elf`)),
      mode: 0o755,
    })),
  });
  const theirs = readFileSync(files.initrd);
  writeFileSync(path, Buffer.concat([theirs, Buffer.alloc(-theirs.length & 3), ours]));
}

/** One line of a console, with the CPU seconds that the emulator had taken when it came. */
export interface TimedLine {
  readonly text: string;
  readonly cpuSeconds: number;
}

/**
 * The samples by program, from the lines between marks. A program whose marks are missing has none.
 * Throws Error for a wrong checksum.
 */
export function linuxSamples(lines: readonly TimedLine[], programs: readonly BenchProgram[]): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  const find = (mark: string) => lines.findIndex(({ text }) => text === mark);
  const between = (name: string, n: number) => {
    const begin = find(`[begin ${name} ${n}]`);
    const end = find(`[end ${name} ${n}]`);
    if (begin < 0 || end < begin) return undefined;
    return {
      seconds: lines[end]!.cpuSeconds - lines[begin]!.cpuSeconds,
      output: lines.slice(begin + 1, end).map(({ text }) => text),
    };
  };
  for (const { name, n, checksum } of programs) {
    const idle = between(name, 0);
    const whole = between(name, n);
    if (!idle || !whole) continue;
    if (!whole.output.includes(`checksum ${checksum}`)) {
      throw new Error(`${name} printed '${whole.output.join(' ')}', expected checksum ${checksum}`);
    }
    samples.set(name, { startUp: idle.seconds, work: whole.seconds - idle.seconds });
  }
  return samples;
}
