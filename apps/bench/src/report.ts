import type { BenchProgram } from './program-table.ts';
import type { BootSample, Sample } from './sample.ts';
import { geometricMean, median } from './statistics.ts';

/** What was measured of one program by system, one sample a run; null where there is no figure. */
export interface ProgramSamples {
  readonly program: BenchProgram;
  readonly samples: Readonly<Record<string, readonly Sample[] | null>>;
}

export interface ProgramReport {
  readonly name: string;
  readonly title: string;
  readonly n: number;
  readonly checksum: string;
  /** Median CPU seconds by system. */
  readonly seconds: Readonly<Record<string, number | null>>;
  /** Multiples of the native time by system. */
  readonly toNative: Readonly<Record<string, number | null>>;
}

/** Geometric means over the programs that both sides have; null when there is none. */
interface Geomean {
  /** Our time in native times: 1 would be native speed. */
  readonly vsNative: number | null;
  /** Our time in times of the same C compiled to WebAssembly. */
  readonly vsWasm: number | null;
  /** Their time in our times, in these three: above 1 we are faster. */
  readonly vsQemuSystem: number | null;
  /** On both sides processes of the same Linux. */
  readonly vsQemuLinux: number | null;
  readonly vsV86: number | null;
}

export interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly method: Readonly<Record<string, unknown>>;
  readonly programs: readonly ProgramReport[];
  readonly geomean: Geomean;
  /** Geometric mean of `toNative`, by system. */
  readonly geomeanToNative: Readonly<Record<string, number | null>>;
  /** Median CPU seconds, by system, of a process that does no work; in none of the figures above. */
  readonly startUpSeconds: Readonly<Record<string, number | null>>;
  readonly bootToInit: BootReport;
  /** Systems without figures: why. */
  readonly absent: Readonly<Record<string, string>>;
}

/** A boot of the same kernel and RAM disk to the first process: medians; null where a system was not measured. */
export interface BootReport {
  readonly ours: BootSample | null;
  readonly qemu: BootSample | null;
  /** Our time in QEMU's: below 1 we are faster. CPU time of all threads, and by the clock. */
  readonly ratio: number | null;
  readonly wallRatio: number | null;
}

/** @param boots samples by system. */
export function summarizeBoots(boots: Readonly<Record<string, readonly BootSample[]>>): BootReport {
  const middle = (samples: readonly BootSample[] = []): BootSample | null => {
    if (samples.length === 0) return null;
    const of = (name: 'cpuSeconds' | 'wallSeconds' | 'peakBytes') => median(samples.map((sample) => sample[name]))!;
    const { instructions } = samples[0]!;
    return {
      cpuSeconds: of('cpuSeconds'),
      wallSeconds: of('wallSeconds'),
      peakBytes: of('peakBytes'),
      ...(instructions !== undefined && { instructions }),
    };
  };
  const ours = middle(boots.worldswitchLinux);
  const qemu = middle(boots.qemuLinux);
  return {
    ours,
    qemu,
    ratio: quotient(ours?.cpuSeconds, qemu?.cpuSeconds),
    wallRatio: quotient(ours?.wallSeconds, qemu?.wallSeconds),
  };
}

/** Below this a time is noise: a ratio to it would mean nothing. */
const LEAST_SECONDS = 0.001;

/** The programs' part of the report. `names` are the systems. */
export function summarize(
  measured: readonly ProgramSamples[],
  names: readonly string[],
): Pick<Report, 'programs' | 'geomean' | 'geomeanToNative' | 'startUpSeconds'> {
  const programs = measured.map(({ program, samples }): ProgramReport => {
    const { name, title, n, checksum } = program;
    const seconds: Record<string, number | null> = {};
    for (const system of names) {
      const middle = median((samples[system] ?? []).map(({ work }) => work));
      seconds[system] = middle === undefined ? null : Math.max(middle, LEAST_SECONDS);
    }
    const toNative = Object.fromEntries(
      names.map((system) => [system, quotient(seconds[system], seconds.native)] as const),
    );
    return { name, title, n, checksum, seconds, toNative };
  });
  const mean = (of: string, to: string) => meanRatio(programs, of, to);
  return {
    programs,
    geomean: {
      vsNative: mean('worldswitch', 'native'),
      vsWasm: mean('worldswitch', 'wasm'),
      vsQemuSystem: mean('qemuSystem', 'worldswitch'),
      vsQemuLinux: mean('qemuLinux', 'worldswitchLinux'),
      vsV86: mean('v86', 'worldswitch'),
    },
    geomeanToNative: Object.fromEntries(names.map((system) => [system, mean(system, 'native')])),
    startUpSeconds: Object.fromEntries(
      names.map((system) => {
        const startUps = measured.flatMap(({ samples }) => (samples[system] ?? []).map(({ startUp }) => startUp));
        return [system, median(startUps) ?? null];
      }),
    ),
  };
}

function quotient(of: number | null | undefined, to: number | null | undefined): number | null {
  return of == null || to == null ? null : of / to;
}

/** Geometric mean of one system's time in another's, over the programs that both have. */
export function meanRatio(programs: readonly ProgramReport[], of: string, to: string): number | null {
  const ratios = programs.map(({ seconds }) => quotient(seconds[of], seconds[to])).filter((ratio) => ratio !== null);
  return geometricMean(ratios) ?? null;
}
