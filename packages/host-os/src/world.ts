import type {
  HostKernel,
  ProcessTask,
  World,
  WorldDefinition,
  WorldMetrics,
  WorldResult,
  WorldSpec,
} from '@worldswitch/contracts';
import { HostOsError } from './host-os-error.ts';
import { ProcessOutput } from './process-output.ts';

/** Where a program is in the file system of its world, unless its first argument is a path. */
const PROGRAM_PATH = '/program';

/** Runs a program as a process of the host OS: one kernel, nothing in between. */
export const processWorld: WorldDefinition = {
  name: 'process',
  summary: 'a plain process on the host OS',
  guest: 'none',
  create: createProcessWorld,
};

/** Makes the world on a host; it does not run yet. Throws HostOsError for a program that cannot run here. */
export function createProcessWorld(host: HostKernel, spec: WorldSpec): World {
  const output = new ProcessOutput(spec);
  const [name = '', ...args] = spec.program.arguments;
  const task = host.spawn({
    name: spec.name,
    arguments: [name.startsWith('/') ? name : PROGRAM_PATH, ...args],
    files: spec.files ?? new Map(),
    environment: spec.program.environment ?? [],
    image: spec.program.image,
    memoryBytes: spec.memoryBytes,
    onOutput: (bytes) => output.add(bytes),
    input: spec.input ?? new Uint8Array(0),
    world: spec.name,
    ...(spec.trace === undefined ? {} : { trace: spec.trace }),
  });
  return worldOfTask(host, spec, task, output);
}

/** A world around a process that was made for it. */
function worldOfTask(host: HostKernel, spec: WorldSpec, task: ProcessTask, output: ProcessOutput): World {
  const now = spec.now ?? (() => performance.now());
  let wallMs = 0;
  let result: WorldResult | undefined;
  let isDisposed = false;
  const decide = (): WorldResult | undefined => {
    result ??= output.overflow(task) ?? ended(task);
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
        result ??= {
          reason: 'fault',
          exitCode: -1,
          message: `world ${spec.name}: every process of it waits for something that can never happen`,
        };
      }
      return decide();
    },
    output: () => output.all(),
    metrics: () => ({ boot: metricsOf(undefined, 0), program: metricsOf(task, wallMs) }),
    pause: () => task.pause(),
    resume: () => task.resume(),
    snapshot() {
      throw new HostOsError('EINVAL', 'a process of the host OS cannot be saved yet');
    },
    inspect: () => ({ task: task.info(), processes: task.processes, systemCalls: task.systemCalls, traps: task.traps }),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      task.kill(137);
      task.kill(137);
    },
  };
}

function ended(task: ProcessTask): WorldResult | undefined {
  return task.exitCode === undefined ? undefined : { reason: 'exited', exitCode: task.exitCode };
}

/** The host's kernel is not made of the machine's instructions: all that retire are the program's. */
function metricsOf(task: ProcessTask | undefined, wallMs: number): WorldMetrics {
  const totals = task?.totals() ?? { instructions: 0, tlb: { hits: 0, misses: 0, walkReferences: 0 } };
  return {
    instructions: { user: totals.instructions, kernel: 0 },
    traps: task?.traps ?? {},
    exits: {},
    emulatedInstructions: 0,
    hypercalls: 0,
    hypercallsByName: {},
    shadowFills: 0,
    tlb: totals.tlb,
    wallMs,
  };
}
