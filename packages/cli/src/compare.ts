import { sha256 } from '@noble/hashes/sha2.js';
import type {
  FileTree,
  ProgramSpec,
  TraceSink,
  World,
  WorldDefinition,
  WorldMetrics,
  WorldResult,
} from '@worldswitch/contracts';
import { HopRecorder, type HopSequence, type RecordedHops } from './hop-recorder.ts';
import { type HopData, hopData } from './trace-file.ts';
import { type GuestKernels, type MachineOptions, type OpenedWorld, openWorld, worldSummary } from './worlds.ts';

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
  readonly onProgress?: (progress: CompareProgress) => void;
  /** Milliseconds; default performance.now. */
  readonly now?: () => number;
}

export interface CompareProgress {
  readonly world: string;
  readonly state: 'warming up' | 'starting' | 'running' | 'ended';
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
  readonly reason: WorldResult['reason'];
  readonly message?: string;
  /** The guest kernel that ran in it; absent where the host's kernel served the program. */
  readonly guestImage?: ImageReport;
  /** The program's bytes in this world. */
  readonly programSha256: string;
  readonly instructions: WorldMetrics['instructions'];
  readonly traps: WorldMetrics['traps'];
  readonly exits: WorldMetrics['exits'];
  readonly emulatedInstructions: number;
  readonly hypercalls: number;
  readonly hypercallsByName: WorldMetrics['hypercallsByName'];
  readonly shadowFills: number;
  readonly tlb: WorldMetrics['tlb'];
  readonly wallMs: number;
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
  /** Output and exit code are the same in all worlds, byte for byte. */
  readonly identical: boolean;
}

/**
 * Instructions that each world runs before it is measured, on a machine that is then thrown away: JavaScript engines optimise
 * the simulator's own code while it runs, and the first world must not pay for all.
 */
const warmUp = 3_000_000;
/** How many instructions run between two reports of progress. */
const slice = 2_000_000;

export function imageReport(bytes: Uint8Array): ImageReport {
  return { sha256: [...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(''), bytes: bytes.length };
}

/** Runs one program in each world, one after the other, each on a machine of its own, and reports what was measured. */
export function compare(options: CompareOptions): CompareReport {
  for (const world of options.worlds) warmWorld(options, world);
  const reports = options.worlds.map((world) => runOne(options, world));
  const bare = reports.find((report) => report.name === 'bare' && report.reason === 'exited');
  const worlds = bare ? reports.map((report) => ({ ...report, ratioToBare: report.wallMs / bare.wallMs })) : reports;
  const first = worlds[0];
  return {
    program: {
      name: options.program.arguments[0] ?? '',
      arguments: options.program.arguments,
      ...imageReport(options.program.image),
    },
    guestImage: imageReport(options.unmodifiedKernel),
    paravirtualImage: imageReport(options.paravirtualKernel),
    worlds,
    identical:
      first !== undefined &&
      worlds.every(
        (world) => world.reason === 'exited' && world.output === first.output && world.exitCode === first.exitCode,
      ),
  };
}

function warmWorld(options: CompareOptions, chosen: string | WorldDefinition): void {
  options.onProgress?.({
    world: typeof chosen === 'string' ? chosen : chosen.name,
    state: 'warming up',
    instructions: 0,
  });
  const { world } = openWorld(chosen, options, { ...specParts(options), trace: new HopRecorder() });
  try {
    runToEnd(world, Math.min(warmUp, options.maxInstructions ?? warmUp));
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

function runOne(options: CompareOptions, chosen: string | WorldDefinition): WorldReport {
  const name = typeof chosen === 'string' ? chosen : chosen.name;
  const progress = (state: CompareProgress['state'], instructions: number) =>
    options.onProgress?.({ world: name, state, instructions });
  progress('starting', 0);
  const recorder = new HopRecorder(options.trace);
  const opened = openWorld(chosen, options, { ...specParts(options), trace: recorder });
  try {
    const result = runToEnd(opened.world, options.maxInstructions ?? Number.POSITIVE_INFINITY, (instructions) =>
      progress('running', instructions),
    );
    const report = worldReport(opened, chosen, result, recorder.hops, options.program);
    progress('ended', report.instructions.user + report.instructions.kernel);
    return report;
  } finally {
    opened.world.dispose();
  }
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
  program: ProgramSpec,
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
    programSha256: imageReport(program.image).sha256,
    ...cost,
    boot,
    trace: { syscall: data(hops.systemCall), pageFault: data(hops.pageFault), shadowFill: data(hops.shadowFill) },
  };
}
