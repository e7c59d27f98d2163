import type { HostKernel, ProcessSpec, ProcessTask, TraceSink } from '@worldswitch/contracts';
import type { Bundle } from './bundle.ts';
import { ContainersError } from './containers-error.ts';
import { parseConfig } from './oci-config.ts';
import { processSpecOf, type Warnings } from './process-spec.ts';
import { type ContainerOperation, type ContainerState, type ContainerStatus, nextStatus } from './state.ts';

/** What is not in a bundle: where output goes, and who watches. */
export interface CreateOptions {
  readonly onOutput?: (bytes: Uint8Array, descriptor: 1 | 2) => void;
  readonly input?: Uint8Array;
  readonly trace?: TraceSink;
  /** World name of its trace events. Default: its id. */
  readonly world?: string;
  readonly maxInstructions?: number;
  /** Unless config.json sets a limit: bytes. */
  readonly memoryBytes?: number;
}

export interface ExecOptions {
  readonly arguments: readonly string[];
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly onOutput?: (bytes: Uint8Array, descriptor: 1 | 2) => void;
  readonly input?: Uint8Array;
}

/** A container that exists. */
export interface Container {
  readonly id: string;
  /** Its first process, and what descends from it. */
  readonly task: ProcessTask;
  readonly warnings: Warnings;
}

/** OCI's operations (OCI runtime spec, runtime.md, Operations) on the containers of one host. All throw ContainersError. */
export interface ContainerRuntime {
  /** Makes everything ready; the program does not run yet. Also throws what the host says of a program it cannot run. */
  create(id: string, bundle: Bundle, options?: CreateOptions): Container;
  start(id: string): void;
  /** Sends a Linux signal to the first process: number or name, default SIGTERM. */
  kill(id: string, signal?: number | string): void;
  /** Gives back what it has; `force` ends it first. */
  delete(id: string, options?: { readonly force?: boolean }): void;
  state(id: string): ContainerState;
  /** One more program in the namespaces of a container. */
  exec(id: string, options: ExecOptions): ProcessTask;
  get(id: string): Container;
  list(): ContainerState[];
}

interface Entry extends Container {
  status: ContainerStatus;
  readonly ociVersion: string;
  readonly bundlePath: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly executed: ProcessTask[];
}

const SIGKILL = 9;
const SIGTERM = 15;
const LAST_SIGNAL = 64;
const KILLED = 128 + SIGKILL;
/** signal(7), the numbers of RISC-V and most others. */
const signals: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: SIGKILL,
  USR1: 10,
  USR2: 12,
  TERM: SIGTERM,
  CONT: 18,
  STOP: 19,
};

/** A container runtime on a host OS. It keeps to contracts: any HostKernel will do. */
export function createContainerRuntime(host: HostKernel): ContainerRuntime {
  const containers = new Map<string, Entry>();

  const find = (id: string): Entry => {
    const entry = containers.get(id);
    if (entry === undefined) throw new ContainersError('id', `there is no container ${JSON.stringify(id)}`);
    // Its program may have ended since somebody looked.
    if (entry.status !== 'stopped' && entry.task.exitCode !== undefined) advance(entry, 'exit');
    return entry;
  };
  const advance = (entry: Entry, operation: ContainerOperation): void => {
    const next = nextStatus(entry.id, entry.status, operation);
    if (next !== 'gone') entry.status = next;
  };
  const stateOf = ({ id, status, ociVersion, task, bundlePath, annotations }: Entry): ContainerState => ({
    ociVersion,
    id,
    status,
    pid: status === 'stopped' ? 0 : task.id,
    bundle: bundlePath,
    annotations,
  });

  return {
    create(id, bundle, options = {}) {
      if (!/^[A-Za-z0-9_+.-]{1,255}$/.test(id) || /^\.+$/.test(id)) {
        throw new ContainersError('id', `not a container id: ${JSON.stringify(id)}`);
      }
      if (containers.has(id)) throw new ContainersError('id', `container ${id} exists already`);
      const config = parseConfig(bundle.config);
      const { spec, warnings } = processSpecOf(config, bundle);
      const entry: Entry = {
        id,
        task: host.spawn({ ...spec, ...given(options, spec), name: id, world: options.world ?? id, startPaused: true }),
        warnings,
        status: 'creating',
        ociVersion: config.ociVersion,
        bundlePath: bundle.path,
        annotations: config.annotations,
        executed: [],
      };
      containers.set(id, entry);
      advance(entry, 'created');
      return entry;
    },
    start(id) {
      const entry = find(id);
      advance(entry, 'start');
      entry.task.resume();
    },
    kill(id, signal = SIGTERM) {
      const entry = find(id);
      const number = signalNumber(signal);
      advance(entry, 'kill');
      // A program that has not started has no handler: what a signal does to it, it does at once.
      if (number === SIGKILL || entry.status === 'created') {
        entry.task.kill(128 + number);
        advance(entry, 'exit');
      } else entry.task.signal(number);
    },
    delete(id, { force = false } = {}) {
      const entry = find(id);
      if (force && entry.status !== 'stopped') {
        entry.task.kill(KILLED);
        advance(entry, 'exit');
      }
      advance(entry, 'delete');
      // The second time takes it off the host's process table.
      for (const task of [entry.task, ...entry.executed]) {
        task.kill(KILLED);
        task.kill(KILLED);
      }
      containers.delete(id);
    },
    state: (id) => stateOf(find(id)),
    exec(id, options) {
      const entry = find(id);
      advance(entry, 'exec');
      const { onOutput, input } = options;
      const task = host.spawn({
        kind: 'container',
        arguments: options.arguments,
        environment: options.environment ?? [],
        workingDirectory: options.workingDirectory ?? '/',
        joining: entry.task,
        world: id,
        ...(onOutput === undefined ? {} : { onOutput }),
        ...(input === undefined ? {} : { input }),
      });
      entry.executed.push(task);
      return task;
    },
    get: (id) => find(id),
    list: () => [...containers.keys()].map((id) => stateOf(find(id))),
  };
}

function given(options: CreateOptions, spec: ProcessSpec): Partial<ProcessSpec> {
  const { onOutput, input, trace, maxInstructions, memoryBytes } = options;
  return {
    ...(onOutput === undefined ? {} : { onOutput }),
    ...(input === undefined ? {} : { input }),
    ...(trace === undefined ? {} : { trace }),
    ...(maxInstructions === undefined ? {} : { maxInstructions }),
    ...(memoryBytes === undefined || spec.memoryBytes !== undefined ? {} : { memoryBytes }),
  };
}

function signalNumber(signal: number | string): number {
  const number = typeof signal === 'number' ? signal : signals[signal.replace(/^SIG/, '')];
  if (number === undefined || !Number.isInteger(number) || number < 1 || number > LAST_SIGNAL) {
    throw new ContainersError('unsupported', `there is no signal ${signal}`);
  }
  return number;
}
