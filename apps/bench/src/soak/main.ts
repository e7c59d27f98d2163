/**
 * Runs a Linux guest under load for a long time and looks whether the process grows: `pnpm bench:soak --minutes 60`.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { Machine } from '@worldswitch/machine';
import { keepHeapSmall, readApart } from '../as-the-command.ts';
import { commandOptions } from '../command-options.ts';
import { linuxFilesIn, missingLinuxFiles } from '../linux-files.ts';
import { type MemoryShape, residentMemory } from '../resident-memory.ts';
import { ROUND_MARK, SOAK_ARGUMENTS, soakInitrd } from './guest.ts';
import { floors, slopePerHour } from './trend.ts';

const USAGE = `usage: pnpm bench:soak [--minutes N] [--memory MIB] [--every SECONDS] [--limit MIB] [--linux FOLDER] [--samples FILE] [--json]

Boots Linux and lets it work: programs that come and go, memory that is mapped and unmapped, files, and code that is written
while it runs. Fails when what the process takes beyond the guest's RAM grows faster than the limit.

  --minutes   how long (default 60)
  --memory    RAM of the guest (default 256)
  --every     seconds between two samples (default 10)
  --limit     growth that is a failure, in MiB per hour (default 16)
  --linux     a folder with the kernel and the initrd.cpio (default: what scripts/linux/fetch.mjs made)
  --samples   a file to write each sample to, a line of JSON each
  --json      one JSON document instead of text
`;

/** Caches fill in the first third of a run: it does not count. */
const WARM_UP = 1 / 3;
const WINDOWS = 12;
const MIB = 2 ** 20;

interface Sample {
  readonly minutes: number;
  /** CPU time of all threads. */
  readonly cpuSeconds: number;
  readonly rounds: number;
  readonly instructions: number;
  /** MiB: resident beyond the guest's RAM, of that the engines' tables, and the RAM that the guest has touched. */
  readonly overhead: number;
  readonly tables: number;
  readonly ram: number;
  /** MiB of JavaScript, and of what V8 has allocated for itself. */
  readonly heapUsed: number;
  readonly external: number;
  readonly malloced: number;
  readonly modules: number;
  readonly evictedModules: number;
  readonly liveRegions: number;
  readonly regions: number;
  readonly decodedPages: number;
  readonly invalidations: number;
  /** Instructions that were interpreted, since the start. */
  readonly interpreted: number;
}

/** The command. Returns the exit code: 0, 1 for growth or a guest that stopped, 64 for arguments that are none, 69 without the files. */
export function main(args: readonly string[], where: { readonly root: string; readonly linux: string }): number {
  const options = commandOptions('soak', USAGE, () => parse(args, where.linux));
  if (typeof options === 'number') return options;
  const missing = missingLinuxFiles(options.linux);
  if (missing !== undefined) {
    process.stderr.write(`soak: ${missing}\n`);
    return 69;
  }
  const files = linuxFilesIn(options.linux);
  keepHeapSmall();
  let rounds = 0;
  let failures = 0;
  let text = '';
  const machine = Machine.create({
    kernel: readApart(files.kernel),
    initrd: soakInitrd(files, readFileSync(join(where.root, 'images/soak/churn.elf'))),
    bootArguments: SOAK_ARGUMENTS,
    memoryBytes: options.memory * MIB,
    engine: 'compiled',
    console: {
      write(bytes) {
        text += Buffer.from(bytes).toString('latin1');
        const lines = text.split('\n');
        text = lines.pop()!;
        for (const line of lines) {
          for (const [, number] of line.matchAll(ROUND_MARK)) rounds = Number(number);
          if (line.includes('[churn failed]')) failures++;
        }
      },
      read: () => new Uint8Array(0),
    },
  });
  const { memory } = machine.hart.group;
  const shape: MemoryShape = { bytes: memory.wasm.buffer.byteLength, ramOffset: memory.u8.length - memory.ramSize };
  const start = performance.now();
  const minutes = () => (performance.now() - start) / 60_000;
  const samples: Sample[] = [];
  let due = options.every / 60;
  const take = (): void => {
    const now = minutes();
    if (now < due && now < options.minutes) return;
    due = now + options.every / 60;
    const sample = takeSample(machine, shape, now, rounds);
    samples.push(sample);
    if (options.samples) appendFileSync(options.samples, `${JSON.stringify(sample)}\n`);
  };
  if (options.samples) writeFileSync(options.samples, '');
  const end = machine.run({
    until() {
      take();
      return minutes() >= options.minutes;
    },
  });
  const result = judge(samples, options);
  const problems = [...result.problems];
  if (end.reason !== 'until') problems.push(`the guest ended: ${end.message ?? end.reason}`);
  if (failures > 0) problems.push(`churn failed ${failures} times`);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ minutes: minutes(), rounds, limit: options.limit, slopes: result.slopes, problems, samples }, null, 2)}\n`
      : formatSamples(samples, result.slopes, rounds),
  );
  for (const problem of problems) process.stderr.write(`soak: ${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}

function parse(args: readonly string[], linux: string) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      memory: { type: 'string', default: '256' },
      every: { type: 'string', default: '10' },
      limit: { type: 'string', default: '16' },
      linux: { type: 'string', default: linux },
      samples: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const positive = (name: 'minutes' | 'memory' | 'every' | 'limit') => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} is a number above 0, not ${values[name]}`);
    return value;
  };
  return {
    ...values,
    minutes: positive('minutes'),
    memory: positive('memory'),
    every: positive('every'),
    limit: positive('limit'),
  };
}

function takeSample(machine: Machine, shape: MemoryShape, minutes: number, rounds: number): Sample {
  const { total, ram, tables } = residentMemory(shape);
  const { heapUsed, external } = process.memoryUsage();
  const cpu = process.cpuUsage();
  const engine = machine.statistics.engine!;
  return {
    minutes: Number(minutes.toFixed(3)),
    cpuSeconds: Number(((cpu.user + cpu.system) / 1e6).toFixed(1)),
    rounds,
    instructions: machine.counters.instructions,
    overhead: (total - ram) / MIB,
    tables: tables / MIB,
    ram: ram / MIB,
    heapUsed: heapUsed / MIB,
    external: (external - shape.bytes) / MIB,
    malloced: getHeapStatistics().malloced_memory / MIB,
    modules: engine.modules,
    evictedModules: engine.evictedModules,
    liveRegions: engine.liveRegions,
    regions: engine.regions,
    decodedPages: engine.decodedPages,
    invalidations: engine.invalidations,
    interpreted: engine.interpreted,
  };
}

/** What may not grow. */
const watched = ['overhead', 'heapUsed', 'external'] as const;

/** Growth of what may not grow, in MiB per hour, of the lowest figures of each part of the run. */
export function judge(
  samples: readonly Sample[],
  { minutes, limit }: { readonly minutes: number; readonly limit: number },
): { readonly slopes: Readonly<Record<string, number>>; readonly problems: readonly string[] } {
  const slopes = Object.fromEntries(
    watched.map((name) => {
      const points = samples.map((sample) => ({ minutes: sample.minutes, value: sample[name] }));
      return [name, slopePerHour(floors(points, minutes * WARM_UP, WINDOWS))];
    }),
  );
  const problems = Object.entries(slopes)
    .filter(([, slope]) => slope > limit)
    .map(([name, slope]) => `${name} grows by ${slope.toFixed(1)} MiB an hour; ${limit} are tolerated`);
  return { slopes, problems };
}

function formatSamples(samples: readonly Sample[], slopes: Readonly<Record<string, number>>, rounds: number): string {
  const step = Math.max(Math.floor(samples.length / 20), 1);
  const shown = samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
  const columns: readonly [string, (sample: Sample) => string][] = [
    ['minutes', ({ minutes }) => minutes.toFixed(1)],
    ['rounds', (sample) => String(sample.rounds)],
    ['overhead', ({ overhead }) => overhead.toFixed(1)],
    ['tables', ({ tables }) => tables.toFixed(1)],
    ['heap', ({ heapUsed }) => heapUsed.toFixed(1)],
    ['external', ({ external }) => external.toFixed(1)],
    ['RAM', ({ ram }) => ram.toFixed(1)],
    ['modules', ({ modules, evictedModules }) => String(modules - evictedModules)],
    ['regions', ({ liveRegions }) => String(liveRegions)],
    ['made', ({ regions }) => String(regions)],
  ];
  const rows = [columns.map(([title]) => title), ...shown.map((sample) => columns.map(([, show]) => show(sample)))];
  const lines = rows.map((row) => row.map((cell) => cell.padStart(9)).join(''));
  const growth = Object.entries(slopes).map(([name, slope]) => `${name} ${slope.toFixed(1)}`);
  return [
    ...lines,
    '',
    `MiB; regions: those that can be entered, made: ever. ${rounds} rounds of work.`,
    `Growth after the first third, MiB an hour: ${growth.join(', ')}`,
    '',
  ].join('\n');
}
