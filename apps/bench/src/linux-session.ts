import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInitrd } from '@worldswitch/guest-os';
import type { LinuxFiles } from './linux-files.ts';
import type { BenchProgram } from './program-table.ts';
import type { BootSample, Sample } from './sample.ts';

export const LINUX_MEMORY_MIB = 512;
const LINUX_ARGUMENTS = 'console=ttyS0 quiet rdinit=/bench/init';

/** What the first process writes before anything else. */
export const INIT_MARK = '[init]';
/** What our machine adds to its output then. */
const INSTRUCTIONS_MARK = /^\[(\d+) instructions\]$/;

/** @param runs how often each program is to run after the boot. */
export function linuxArguments(runs: number): string {
  return `${LINUX_ARGUMENTS} -- ${runs}`;
}

/**
 * The first process: each program without work and with it, between marks, as often as its argument says, and then off. Each time
 * the program is another file, so that no run finds the code of the one before it translated.
 */
function initScript(programs: readonly BenchProgram[]): string {
  return [
    '#!/bin/busybox sh',
    `echo "${INIT_MARK}"`,
    // What the kernel still does in the background (it tests its cryptography) is to be over.
    '[ "$1" = 0 ] || /bin/busybox sleep 20',
    'program=/bench/program',
    'run() { echo "[begin $1 $2 $3]"; "$program" "$2"; echo "[end $1 $2 $3]"; }',
    'both() { /bin/busybox cp "/bench/$1" "$program"; run "$1" 0 "$3"; run "$1" "$2" "$3"; /bin/busybox mv "$program" "$program.$1.$3"; }',
    'round=1',
    'while [ "$round" -le "$1" ]; do',
    ...programs.map(({ name, n }) => `both ${name} ${n} "$round"`),
    'round=$((round + 1))',
    'done',
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

/** One line of a console, with what the emulator had taken when it came. */
export interface TimedLine {
  readonly text: string;
  readonly cpuSeconds: number;
  /** Since its start. */
  readonly wallSeconds: number;
  /** Most memory that was resident until then. */
  readonly peakBytes: number;
}

/** Throws Error when the first process did not start. */
export function bootSample(lines: readonly TimedLine[]): BootSample {
  const at = lines.findIndex(({ text }) => text === INIT_MARK);
  if (at < 0) throw new Error('the first process did not start');
  const { cpuSeconds, wallSeconds, peakBytes } = lines[at]!;
  const count = lines.map(({ text }) => INSTRUCTIONS_MARK.exec(text)?.[1]).find((digits) => digits !== undefined);
  return { cpuSeconds, wallSeconds, peakBytes, ...(count !== undefined && { instructions: Number(count) }) };
}

/**
 * The samples by program, one for each of the runs, from the lines between marks. A run whose marks are missing has none.
 * Throws Error for a wrong checksum.
 */
export function linuxSamples(
  lines: readonly TimedLine[],
  programs: readonly BenchProgram[],
  runs: number,
): Map<string, Sample[]> {
  const samples = new Map<string, Sample[]>();
  const find = (mark: string) => lines.findIndex(({ text }) => text === mark);
  const between = (name: string, n: number, run: number) => {
    const begin = find(`[begin ${name} ${n} ${run}]`);
    const end = find(`[end ${name} ${n} ${run}]`);
    if (begin < 0 || end < begin) return undefined;
    return {
      seconds: lines[end]!.cpuSeconds - lines[begin]!.cpuSeconds,
      output: lines.slice(begin + 1, end).map(({ text }) => text),
    };
  };
  for (const { name, n, checksum } of programs) {
    for (let run = 1; run <= runs; run++) {
      const idle = between(name, 0, run);
      const whole = between(name, n, run);
      if (!idle || !whole) continue;
      if (!whole.output.includes(`checksum ${checksum}`)) {
        throw new Error(`${name} printed '${whole.output.join(' ')}', expected checksum ${checksum}`);
      }
      const sample = { startUp: idle.seconds, work: whole.seconds - idle.seconds };
      samples.set(name, [...(samples.get(name) ?? []), sample]);
    }
  }
  return samples;
}
