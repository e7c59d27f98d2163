import { sha256 } from '@noble/hashes/sha2.js';
import {
  type FileTree,
  NO_COST,
  type ProgramSpec,
  type TraceSink,
  type World,
  type WorldDefinition,
  type WorldMetrics,
  type WorldResult,
} from '@worldswitch/contracts';
import { readInitrd } from '@worldswitch/guest-os';
import { ExitCode, UserError } from '../exit-codes.ts';
import { HopRecorder, type HopSequence, type RecordedHops } from './hop-recorder.ts';
import { type HopData, hopData } from './trace-file.ts';
import {
  type GuestKernels,
  type MachineOptions,
  type OpenedWorld,
  openWorld,
  programPath,
  worldName,
  worldSummary,
} from './worlds.ts';

export interface CompareOptions extends MachineOptions, GuestKernels {
  readonly program: ProgramSpec;
  /** Names of built-in worlds, or definitions of one's own. */
  readonly worlds: readonly (string | WorldDefinition)[];
  /** Per world, boot included. Default: no limit. */
  readonly maxInstructions?: number;
  readonly input?: Uint8Array;
  /** Further files beside the program. */
  readonly files?: FileTree;
  /** Bytes of output kept of each world. */
  readonly maxOutputBytes?: number;
  readonly trace?: TraceSink;
  /** How often each world is run again to take its wall time; default 3, none for a program of more than some seconds. */
  readonly rounds?: number;
  readonly onProgress?: (progress: CompareProgress) => void;
  /** Milliseconds; default performance.now. */
  readonly now?: () => number;
}

export interface CompareProgress {
  readonly world: string;
  readonly state: 'starting' | 'running' | 'ended' | 'timing';
  readonly instructions: number;
}

export interface ImageReport {
  readonly sha256: string;
  readonly bytes: number;
}

export interface WorldReport {
  readonly name: string;
  readonly summary: string;
  readonly output: string;
  readonly exitCode: number;
  /** How the program ended; `refused`: the world could not be started, and `message` says why. */
  readonly reason: WorldResult['reason'] | 'refused';
  readonly message?: string;
  /** The guest kernel that ran in it; absent where the host's kernel served the program. */
  readonly guestImage?: ImageReport;
  /**
   * Of the program's bytes as this world has them: taken back out of a guest's RAM, or the file that execve got. Absent when a world
   * of one's own does not say, and when nothing was started.
   */
  readonly programSha256?: string;
  readonly instructions: WorldMetrics['instructions'];
  readonly traps: WorldMetrics['traps'];
  readonly exits: WorldMetrics['exits'];
  readonly emulatedInstructions: number;
  readonly hypercalls: number;
  readonly hypercallsByName: WorldMetrics['hypercallsByName'];
  readonly shadowFills: number;
  readonly tlb: WorldMetrics['tlb'];
  /** Median of `wallMsRounds`; without those, of the traced run. */
  readonly wallMs: number;
  /** The program's wall time in each round that was run for it, without tracing. */
  readonly wallMsRounds: readonly number[];
  /** Each round retired as many instructions as the traced run: the counts of this report can be checked by anybody. */
  readonly isRepeatable: boolean;
  /** Wall time over that of the bare world; absent when bare was not run. */
  readonly ratioToBare?: number;
  /** The same counts from power-on to the program's first instruction; all zero where nothing boots. */
  readonly boot: WorldMetrics;
  readonly trace: {
    readonly syscall: readonly HopData[];
    readonly pageFault: readonly HopData[];
    readonly shadowFill: readonly HopData[];
  };
}

export interface CompareReport {
  readonly program: { readonly name: string; readonly arguments: readonly string[] } & ImageReport;
  /** The unmodified guest kernel, the same bytes bare and fully virtualized. */
  readonly guestImage: ImageReport;
  readonly paravirtualImage: ImageReport;
  readonly worlds: readonly WorldReport[];
  /** The program is the same in all worlds that say which they run, and output and exit code are in all, byte for byte. */
  readonly identical: boolean;
}

/**
 * Wall time is taken in rounds of their own, without tracing, world after world and again from the first: JavaScript engines
 * optimise the simulator's own code while it runs, and the first world must not pay for all.
 */
const defaultRounds = 3;
/** The traced round took longer: then it has warmed everything up, and is measured itself. Milliseconds. */
const longRound = 5_000;
/** How many instructions run between two reports of progress. */
const slice = 2_000_000;

export function imageReport(bytes: Uint8Array): ImageReport {
  return { sha256: [...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(''), bytes: bytes.length };
}

/** Runs one program in each world, one after the other, each on a machine of its own, and reports what was measured. */
export function compare(options: CompareOptions): CompareReport {
  const now = options.now ?? (() => performance.now());
  const start = now();
  const reports = options.worlds.map((world) => runTraced(options, world));
  const rounds = now() - start > longRound ? 0 : (options.rounds ?? defaultRounds);
  const timed = reports.map((): TimedRun[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, world] of options.worlds.entries()) {
      if (reports[index]?.reason !== 'refused') timed[index]?.push(runTimed(options, world));
    }
  }
  const measured = reports.map((report, index) => withTimes(report, timed[index] ?? []));
  const bare = measured.find((report) => report.name === 'bare' && report.reason === 'exited');
  const worlds = bare ? measured.map((report) => ({ ...report, ratioToBare: report.wallMs / bare.wallMs })) : measured;
  const first = worlds[0];
  const image = imageReport(options.program.image);
  return {
    program: { name: options.program.arguments[0] ?? '', arguments: options.program.arguments, ...image },
    guestImage: imageReport(options.unmodifiedKernel),
    paravirtualImage: imageReport(options.paravirtualKernel),
    worlds,
    identical:
      first !== undefined &&
      worlds.every(
        (world) =>
          world.reason === 'exited' &&
          world.output === first.output &&
          world.exitCode === first.exitCode &&
          !runsAnother(world, image),
      ),
  };
}

/** Whether a world says that it runs another program than this one. */
export function runsAnother({ programSha256 }: WorldReport, program: ImageReport): boolean {
  return programSha256 !== undefined && programSha256 !== program.sha256;
}

interface TimedRun {
  readonly wallMs: number;
  readonly instructions: number;
}

function withTimes(report: WorldReport, runs: readonly TimedRun[]): WorldReport {
  if (runs.length === 0) return report;
  const times = runs.map((run) => run.wallMs).sort((a, b) => a - b);
  const instructions = report.instructions.user + report.instructions.kernel;
  return {
    ...report,
    wallMs: times[Math.floor(times.length / 2)] ?? report.wallMs,
    wallMsRounds: runs.map((run) => run.wallMs),
    isRepeatable: runs.every((run) => run.instructions === instructions),
  };
}

function runTimed(options: CompareOptions, chosen: string | WorldDefinition): TimedRun {
  options.onProgress?.({ world: worldName(chosen), state: 'timing', instructions: 0 });
  const { world } = openWorld(chosen, options, specParts(options));
  try {
    runToEnd(world, options.maxInstructions ?? Number.POSITIVE_INFINITY);
    const { instructions, wallMs } = world.metrics().program;
    return { wallMs, instructions: instructions.user + instructions.kernel };
  } finally {
    world.dispose();
  }
}

function specParts(options: CompareOptions) {
  return {
    program: options.program,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.files === undefined ? {} : { files: options.files }),
    ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
    ...(options.now === undefined ? {} : { now: options.now }),
  };
}

function runTraced(options: CompareOptions, chosen: string | WorldDefinition): WorldReport {
  const name = worldName(chosen);
  const progress = (state: CompareProgress['state'], instructions: number) =>
    options.onProgress?.({ world: name, state, instructions });
  progress('starting', 0);
  const recorder = new HopRecorder(options.trace);
  let opened: OpenedWorld;
  try {
    opened = openWorld(chosen, options, { ...specParts(options), trace: recorder });
  } catch (error) {
    if (error instanceof UserError && error.exitCode === ExitCode.badInput) return refusal(name, chosen, error);
    throw error;
  }
  try {
    const image = programIn(opened.world, programPath(options.program));
    const result = runToEnd(opened.world, options.maxInstructions ?? Number.POSITIVE_INFINITY, (instructions) =>
      progress('running', instructions),
    );
    const report = worldReport(opened, chosen, result, recorder.hops, image);
    progress('ended', report.instructions.user + report.instructions.kernel);
    return report;
  } finally {
    opened.world.dispose();
  }
}

/** The report of a world that could not be started: the others go on without it. */
function refusal(name: string, chosen: string | WorldDefinition, error: UserError): WorldReport {
  return {
    name,
    summary: worldSummary(chosen),
    output: '',
    exitCode: 0,
    reason: 'refused',
    message: error.message,
    ...NO_COST,
    wallMsRounds: [],
    isRepeatable: true,
    boot: NO_COST,
    trace: { syscall: [], pageFault: [], shadowFill: [] },
  };
}

/** The program as a world has it that has not run yet; undefined when it does not say. Empty: it has no such file. */
function programIn(world: World, path: string): Uint8Array | undefined {
  const source = world.programSource?.();
  if (source === undefined || source.kind === 'executable') return source?.bytes;
  const file = readInitrd(source.bytes).find(({ name }) => `/${name}` === path);
  return file?.data ?? new Uint8Array(0);
}

/** Runs a world until it ends or has used its budget. */
export function runToEnd(world: World, maxInstructions: number, onSlice?: (instructions: number) => void): WorldResult {
  let remaining = maxInstructions;
  for (let used = 0; remaining > 0; used += slice) {
    const result = world.run(Math.min(slice, remaining));
    if (result !== undefined) return result;
    remaining -= slice;
    onSlice?.(used);
  }
  return {
    reason: 'budget',
    exitCode: 0,
    message: `the program had not ended after ${maxInstructions} instructions (--max-instructions)`,
  };
}

function worldReport(
  opened: OpenedWorld,
  chosen: string | WorldDefinition,
  result: WorldResult,
  hops: RecordedHops,
  image: Uint8Array | undefined,
): WorldReport {
  const { boot, program: cost } = opened.world.metrics();
  const data = (sequence: HopSequence) => sequence.map(hopData);
  return {
    name: opened.name,
    summary: worldSummary(chosen),
    output: new TextDecoder().decode(opened.world.output()),
    exitCode: result.exitCode,
    reason: result.reason,
    ...(result.message === undefined ? {} : { message: result.message }),
    ...(opened.kernel === undefined ? {} : { guestImage: imageReport(opened.kernel) }),
    ...(image === undefined ? {} : { programSha256: imageReport(image).sha256 }),
    ...cost,
    wallMsRounds: [],
    isRepeatable: true,
    boot,
    trace: { syscall: data(hops.systemCall), pageFault: data(hops.pageFault), shadowFill: data(hops.shadowFill) },
  };
}
