import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commandOptions } from './command-options.ts';
import { bootSample, linuxSamples, type TimedLine } from './linux-session.ts';
import { describeMachine } from './machine-description.ts';
import { measure } from './measure.ts';
import { type BenchProgram, benchPrograms } from './program-table.ts';
import { type ProgramSamples, type Report, summarize, summarizeBoots } from './report.ts';
import type { BootSample, Sample } from './sample.ts';
import { runShort } from './short.ts';
import { type LinuxSystem, type Places, type ProcessSystem, type System, systems } from './systems.ts';
import { formatReport } from './text-table.ts';
import { checksumOf } from './work-size.ts';

const USAGE = `usage: pnpm bench [--json] [--runs N] [--only PROGRAM,...] [--systems NAME,...] [--linux FOLDER] [--timeout SECONDS]
       pnpm bench --short [--record]

Runs nine C programs natively, as WebAssembly, on Worldswitch, on QEMU and on v86, and prints how many times the native
CPU time each takes. What is not installed is left out, and said so; nothing is fetched.

  --json       one JSON document instead of the table
  --runs       how often each is run; figures are medians (default 3)
  --only       these programs: ${benchPrograms.map(({ name }) => name).join(', ')}
  --systems    these systems: ${systems.map(({ name }) => name).join(', ')}
  --linux      a folder with the kernel and the initrd.cpio for the runs under Linux (default: what
               scripts/linux/fetch.mjs made)
  --timeout    a run that takes longer has no figure (default 120; a session under Linux is
               given that for the boot and for each run)
  --short      the compiled engine against the reference engine only; fails when a ratio has fallen by half
  --record     writes what --short measures to baseline.json
`;

/** The names of a comma-separated list among what there is. Throws Error naming what there is not. */
function choose<T extends { readonly name: string }>(all: readonly T[], list: string | undefined): readonly T[] {
  if (list === undefined) return all;
  return list.split(',').map((name) => {
    const found = all.find((entry) => entry.name === name);
    if (!found) throw new Error(`there is no ${name}; there are ${all.map((entry) => entry.name).join(', ')}`);
    return found;
  });
}

/** The command. Returns the exit code: 0, 1 when something is slower or wrong, 64 for arguments that are none. */
export function main(args: readonly string[], where: Omit<Places, 'work'>): number {
  const options = commandOptions('bench', USAGE, () => parse(args));
  if (typeof options === 'number') return options;
  if (options.short) return runShort(where.root, options.record);
  const work = mkdtempSync(join(tmpdir(), 'worldswitch-bench-'));
  try {
    const { report, failures } = benchmark(
      { ...where, work, ...(options.linux !== undefined && { linux: options.linux }) },
      options,
    );
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatReport(report, systems)}\n`);
    for (const failure of failures) process.stderr.write(`bench: ${failure}\n`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      systems: { type: 'string' },
      linux: { type: 'string' },
      timeout: { type: 'string', default: '120' },
      short: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const positive = (name: string, text: string) => {
    if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} is a number above 0, not ${text}`);
    return Number(text);
  };
  return {
    ...values,
    runs: positive('runs', values.runs),
    timeout: positive('timeout', values.timeout),
    programs: choose(benchPrograms, values.only),
    systems: choose(systems, values.systems),
  };
}

function benchmark(places: Places, options: ReturnType<typeof parse>): { report: Report; failures: string[] } {
  const absent: Record<string, string> = {};
  const present: System[] = [];
  for (const system of systems) {
    const reason = options.systems.includes(system) ? system.absence(places) : 'not asked for';
    if (reason) absent[system.name] = reason;
    else present.push(system);
  }
  const failures: string[] = [];
  const underLinux = new Map<string, Map<string, Sample[]>>();
  const boots: Record<string, BootSample[]> = {};
  for (let run = 0; run < options.runs; run++) {
    for (const system of present) {
      if (!('boot' in system)) continue;
      try {
        // All programs run after the first boot; the others are for the time that a boot takes.
        const runs = run === 0 ? options.runs : 0;
        const lines = bootLinux(places, system, options.programs, runs, options.timeout * (1 + runs));
        boots[system.name] = [...(boots[system.name] ?? []), bootSample(lines)];
        if (run === 0) underLinux.set(system.name, linuxSamples(lines, options.programs, runs));
      } catch (error) {
        if (run === 0) underLinux.set(system.name, new Map());
        failures.push(`${system.name}: ${(error as Error).message}`);
      }
    }
  }
  const measured = options.programs.map((program): ProgramSamples => {
    const samples: Record<string, Sample[] | null> = {};
    for (const [system, byProgram] of underLinux) {
      const taken = byProgram.get(program.name);
      if (!taken) failures.push(`${program.name} on ${system}: no figure`);
      samples[system] = taken ?? null;
    }
    for (let run = 0; run < options.runs; run++) {
      // The systems take turns, so that a change of the machine's speed meets all of them.
      for (const system of present) {
        if ('boot' in system || samples[system.name] === null) continue;
        try {
          const sample = takeSample(places, system, program, options.timeout);
          samples[system.name] = [...(samples[system.name] ?? []), sample];
        } catch (error) {
          samples[system.name] = null;
          failures.push(`${program.name} on ${system.name}: ${(error as Error).message}`);
        }
      }
    }
    if (process.stderr.isTTY) process.stderr.write(`${program.title}\n`);
    return { program, samples };
  });
  const report = {
    machine: describeMachine(present),
    method: {
      runs: options.runs,
      figure:
        'median of CPU time (user and system, all threads) of a fresh process, less that of the same process with no work',
      underLinux:
        'CPU time of the emulator, all threads, between a mark on the console before the program and one after it, in ' +
        'units of 10 ms, less that of the same program with no work; all programs in one boot, each run from a file of its own',
      boot: 'from the start of the emulator to the first output of the first process; medians of as many boots as runs',
      warmUp: 'none: translation and just-in-time compilation are in the figures of all systems, start-up in none',
    },
    ...summarize(
      measured,
      present.map(({ name }) => name),
    ),
    bootToInit: summarizeBoots(boots),
    absent,
  };
  return { report, failures };
}

/** Throws Error for a wrong checksum. */
function takeSample(places: Places, system: ProcessSystem, program: BenchProgram, timeout: number): Sample {
  const startUp = measure(system.command(places, program.name, 0), timeout);
  const whole = measure(system.command(places, program.name, program.n), timeout);
  const found = checksumOf(whole.output);
  if (found !== program.checksum) throw new Error(`checksum ${found ?? 'missing'}, expected ${program.checksum}`);
  return { startUp: startUp.cpuSeconds, work: whole.cpuSeconds - startUp.cpuSeconds };
}

/** Boots once, and gives what came on the console. Throws Error for a boot that fails or takes too long. */
function bootLinux(
  places: Places,
  system: LinuxSystem,
  programs: readonly BenchProgram[],
  runs: number,
  timeout: number,
): readonly TimedLine[] {
  const { output } = measure(system.boot(places, programs, runs), timeout);
  return JSON.parse(output) as TimedLine[];
}
