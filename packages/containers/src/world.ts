import type {
  FileTree,
  HostKernel,
  ProcessTask,
  World,
  WorldDefinition,
  WorldMetrics,
  WorldResult,
  WorldSpec,
} from '@worldswitch/contracts';
import { type Bundle, type BundleFile, bundleFromFiles } from './bundle.ts';
import { ContainersError } from './containers-error.ts';
import { createContainerRuntime } from './runtime.ts';

/** Where the program is unless its first argument is a path. */
const MAX_OUTPUT = 16 << 20;

/** Where a program is that has no absolute path for a name. */
const PROGRAM_PATH = '/program';

/** Runs a program in a container of its own. */
export const containerWorld: WorldDefinition = {
  name: 'container',
  summary: 'an OCI container: a process of the host OS with a PID, mount and UTS namespace of its own',
  guest: 'none',
  create: createContainerWorld,
};

/** A bundle around one program: its own processes, host name and files, and nothing else. */
export function bundleForProgram(program: WorldSpec['program'], hostname: string, files: FileTree = new Map()): Bundle {
  const [name = '', ...args] = program.arguments;
  const path = name.startsWith('/') ? name : PROGRAM_PATH;
  const config = {
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: {
      args: [path, ...args],
      env: [...(program.environment ?? [])],
      cwd: '/',
    },
    hostname,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
  };
  return bundleFromFiles(
    new Map<string, BundleFile>([
      ['config.json', JSON.stringify(config)],
      ...[...files].map(([file, entry]) => [`rootfs${file}`, entry] as const),
      [`rootfs${path}`, program.image],
    ]),
  );
}

/**
 * Makes the world on a host; it does not run yet. Throws ContainersError, and what the host says of a program it cannot run.
 */
export function createContainerWorld(host: HostKernel, spec: WorldSpec): World {
  const runtime = createContainerRuntime(host);
  const id = spec.name.replace(/[^A-Za-z0-9_+.-]/g, '-');
  const most = spec.maxOutputBytes ?? MAX_OUTPUT;
  const pieces: Uint8Array[] = [];
  let length = 0;
  let isFull = false;
  const { task } = runtime.create(id, bundleForProgram(spec.program, id, spec.files), {
    input: spec.input ?? new Uint8Array(0),
    memoryBytes: spec.memoryBytes,
    world: spec.name,
    ...(spec.trace === undefined ? {} : { trace: spec.trace }),
    onOutput(bytes) {
      const kept = bytes.subarray(0, most - length);
      if (kept.length < bytes.length) isFull = true;
      if (kept.length === 0) return;
      pieces.push(kept);
      length += kept.length;
      spec.onOutput?.(kept);
    },
  });
  runtime.start(id);

  const now = spec.now ?? (() => performance.now());
  let wallMs = 0;
  let result: WorldResult | undefined;
  let isDisposed = false;
  const decide = (): WorldResult | undefined => {
    if (result === undefined && isFull) {
      task.kill(137);
      const message = `more than ${most} bytes of output were written; the container was ended`;
      result = { reason: 'output-limit', exitCode: 137, message };
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
        const message = `container ${id}: every process in it waits for something that can never happen`;
        result ??= { reason: 'fault', exitCode: -1, message };
      }
      return decide();
    },
    output() {
      const bytes = new Uint8Array(length);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      return bytes;
    },
    metrics: () => ({ boot: metricsOf(undefined, 0), program: metricsOf(task, wallMs) }),
    pause: () => task.pause(),
    resume: () => task.resume(),
    snapshot() {
      throw new ContainersError('unsupported', 'a container cannot be saved yet');
    },
    inspect: () => ({
      state: isDisposed ? undefined : runtime.state(id),
      task: task.info(),
      processes: task.processes,
      systemCalls: task.systemCalls,
      traps: task.traps,
    }),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      runtime.delete(id, { force: true });
    },
  };
}

/** A container's kernel is the host's, which is not made of the machine's instructions: all that retire are the program's. */
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
