import type { HostKernel, ProcessTask } from './host-kernel.ts';
import { NO_COST, type WorldMetrics } from './metrics.ts';
import type { ProgramSpec, World, WorldResult, WorldSpec } from './world.ts';

const MAX_OUTPUT = 16 << 20;
/** Exit code of a process that SIGKILL ended, as a shell says it. */
const KILLED = 137;
/** Where a program is in the file system of its world, unless its first argument is an absolute path. */
const PROGRAM_PATH = '/program';

/** argv of a world's program, its absolute path first. */
export function programArguments({ arguments: [name = '', ...rest] }: ProgramSpec): readonly [string, ...string[]] {
  return [name.startsWith('/') ? name : PROGRAM_PATH, ...rest];
}

/** What is special about a world that is a process of the host and its descendants. */
export interface TaskWorldParts {
  readonly host: HostKernel;
  readonly spec: WorldSpec;
  /** Makes the first process; `onOutput` is to hear what it and its descendants write. */
  start(onOutput: (bytes: Uint8Array) => void): ProcessTask;
  /** Why it cannot be saved. */
  refuseSnapshot(): Error;
  /** More state for people. */
  inspect?(): Readonly<Record<string, unknown>>;
  /** Ends what `start` made and gives back what it has. Called once. */
  end(task: ProcessTask): void;
}

/** A world around a process that is made for it; the process does not run yet. Throws what `start` throws. */
export function createTaskWorld({ host, spec, ...parts }: TaskWorldParts): World {
  const output = new KeptOutput(spec);
  const task = parts.start((bytes) => output.add(bytes));
  const now = spec.now ?? (() => performance.now());
  let wallMs = 0;
  let result: WorldResult | undefined;
  let isDisposed = false;
  const decide = (): WorldResult | undefined => {
    if (result === undefined && output.isFull) {
      task.kill(KILLED);
      const message = `more than ${output.most} bytes of output were written; the program was ended`;
      result = { reason: 'output-limit', exitCode: KILLED, message };
    }
    if (task.exitCode !== undefined) result ??= { reason: 'exited', exitCode: task.exitCode };
    return result;
  };
  return {
    name: spec.name,
    get result() {
      return decide();
    },
    run(maxInstructions) {
      if (decide() !== undefined) return result;
      const start = now();
      const end = host.run({ maxInstructions, until: () => decide() !== undefined, task });
      wallMs += now() - start;
      if (end === 'deadlock' && task.info().state !== 'paused') {
        const message = `world ${spec.name}: every process of it waits for something that can never happen`;
        result ??= { reason: 'fault', exitCode: -1, message };
      }
      return decide();
    },
    output: () => output.all(),
    metrics: () => ({ boot: NO_COST, program: costOf(task, wallMs) }),
    programSource: () => ({ kind: 'executable', bytes: task.image }),
    pause: () => task.pause(),
    resume: () => task.resume(),
    snapshot() {
      throw parts.refuseSnapshot();
    },
    inspect: () => ({
      ...parts.inspect?.(),
      task: task.info(),
      processes: task.processes,
      systemCalls: task.systemCalls,
      traps: task.traps,
    }),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      parts.end(task);
    },
  };
}

/** The host's kernel is not made of the machine's instructions: all that retire are the program's. */
function costOf(task: ProcessTask, wallMs: number): WorldMetrics {
  const { instructions, tlb } = task.totals();
  return { ...NO_COST, instructions: { user: instructions, kernel: 0 }, traps: task.traps, tlb, wallMs };
}

/** What was written, up to a limit. */
class KeptOutput {
  readonly most: number;
  isFull = false;
  readonly #pieces: Uint8Array[] = [];
  readonly #onOutput: WorldSpec['onOutput'];
  #length = 0;

  constructor({ maxOutputBytes, onOutput }: WorldSpec) {
    this.most = maxOutputBytes ?? MAX_OUTPUT;
    this.#onOutput = onOutput;
  }

  add(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.most - this.#length);
    if (kept.length < bytes.length) this.isFull = true;
    if (kept.length === 0) return;
    this.#pieces.push(kept);
    this.#length += kept.length;
    this.#onOutput?.(kept);
  }

  all(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }
}
