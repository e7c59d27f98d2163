import type {
  FileTree,
  HostKernel,
  ProgramSpec,
  TaskInfo,
  TraceSink,
  World,
  WorldDefinition,
  WorldResult,
} from '@worldswitch/contracts';
import { ExitCode, UserError } from '../exit-codes.ts';
import { createHost, type GuestKernels, type MachineOptions, openWorld, worldName } from './worlds.ts';

export interface TogetherOptions extends MachineOptions, GuestKernels {
  /** One entry for each world to start, all on one host: names may repeat. */
  readonly worlds: readonly (string | WorldDefinition)[];
  readonly program: ProgramSpec;
  /** Of all worlds together. Default: no limit. */
  readonly maxInstructions?: number;
  readonly input?: Uint8Array;
  /** Further files beside the program. */
  readonly files?: FileTree;
  /** Bytes of output kept of each world. */
  readonly maxOutputBytes?: number;
  readonly trace?: TraceSink;
  readonly onOutput?: (world: string, bytes: Uint8Array) => void;
  /** Called with the host's process table every `psInterval` instructions and at the end. */
  readonly onPs?: (rows: readonly TaskInfo[], instructions: number) => void;
  readonly psInterval?: number;
}

export interface TogetherResult {
  readonly name: string;
  readonly result: WorldResult;
}

const interval = 2_000_000;

/** Runs several worlds at once on one host OS, which shares the machine's one hart among them (card 4). */
export function runTogether(options: TogetherOptions): TogetherResult[] {
  if (options.worlds.includes('bare')) {
    throw new UserError(
      "'bare' takes the whole machine and cannot run beside other worlds; run it alone, or choose full, para, container, process",
      ExitCode.usage,
    );
  }
  const host = createHost(options, options.worlds.length);
  const opened: { readonly name: string; readonly world: World }[] = [];
  try {
    for (const [index, chosen] of options.worlds.entries()) {
      const kind = worldName(chosen);
      const name = options.worlds.length === 1 ? kind : `${kind}-${index + 1}`;
      const parts = {
        program: options.program,
        ...(options.input === undefined ? {} : { input: options.input }),
        ...(options.files === undefined ? {} : { files: options.files }),
        ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
        ...(options.trace === undefined ? {} : { trace: options.trace }),
        ...(options.onOutput === undefined ? {} : { onOutput: (bytes: Uint8Array) => options.onOutput?.(name, bytes) }),
      };
      opened.push(openWorld(chosen, options, parts, { host, name }));
    }
    runHost(host, options, () => opened.every(({ world }) => world.result !== undefined));
    return opened.map(({ name, world }) => ({ name, result: world.result ?? notEnded(options.maxInstructions) }));
  } finally {
    for (const { world } of opened) world.dispose();
  }
}

function runHost(host: HostKernel, options: TogetherOptions, isDone: () => boolean): void {
  let remaining = options.maxInstructions ?? Number.POSITIVE_INFINITY;
  const step = options.psInterval ?? interval;
  while (!isDone() && remaining > 0) {
    const before = host.instructions;
    const end = host.run({ maxInstructions: Math.min(step, remaining), until: isDone });
    remaining -= host.instructions - before;
    options.onPs?.(host.ps(), host.instructions);
    if (end === 'all-exited' || end === 'deadlock') return;
  }
}

function notEnded(maxInstructions: number | undefined): WorldResult {
  return maxInstructions === undefined
    ? { reason: 'fault', exitCode: 0, message: 'every task waits for something that will not come' }
    : {
        reason: 'budget',
        exitCode: 0,
        message: `not ended after ${maxInstructions} instructions (--max-instructions)`,
      };
}
