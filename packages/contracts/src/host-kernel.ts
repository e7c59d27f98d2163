import type { PhysicalMemory } from './memory.ts';
import type { VcpuCounters } from './metrics.ts';
import type { TraceSink } from './trace.ts';
import type { Exit, HostClock, Vcpu } from './vcpu.ts';

/** What a task's owner decides after an exit. */
export type ExitDisposition =
  /** Continue; keep the rest of the slice. */
  | { readonly action: 'resume' }
  /** Give the hart to others; be run again at the next turn. */
  | { readonly action: 'yield' }
  /** Sleep until virtual time `deadline` (ticks, Infinity for none) or until `wake`. */
  | { readonly action: 'block'; readonly deadline: number }
  /** Gone. */
  | { readonly action: 'exit'; readonly exitCode: number };

/** A virtual machine (or anything else that owns a Vcpu) as the host's scheduler sees it. */
export interface VcpuTaskOwner {
  /** Name that `ps` shows. */
  readonly name: string;
  readonly kind: 'vm-full' | 'vm-para' | 'vm';
  readonly vcpu: Vcpu;
  /** Called before a slice; at most this many instructions make sense now (a virtual timer is due then). Infinity: no limit. */
  instructionsUntilEvent(): number;
  /**
   * An exit of the vcpu: a trap of whatever ran in it, or the end of its budget. The host has done nothing about it, and emits
   * no trace event: only the owner knows who in the guest trapped, and emits that hop to the host too. Reads `exit` before it returns; must not throw for anything a guest can do.
   */
  handleExit(exit: Exit): ExitDisposition;
  /** The host is done with the task: release frames, vcpus. Called once. */
  release?(): void;
}

export type TaskState = 'ready' | 'running' | 'blocked' | 'paused' | 'exited';

/** One row of `ps`. */
export interface TaskInfo {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly kind: 'process' | 'container' | 'vm-full' | 'vm-para' | 'vm';
  readonly state: TaskState;
  readonly instructions: number;
  readonly frames: number;
  readonly exitCode?: number;
}

export interface HostTask {
  readonly id: number;
  info(): TaskInfo;
  /** Makes a blocked task ready. */
  wake(): void;
  pause(): void;
  resume(): void;
  /** Ends it with this exit code. */
  kill(exitCode: number): void;
  readonly exitCode: number | undefined;
}

/** Which kinds of namespace a process gets of its own (clone(2) CLONE_NEW*). */
export type NamespaceKind = 'pid' | 'mount' | 'uts' | 'ipc' | 'network' | 'user' | 'cgroup' | 'time';

/** A file tree to serve as a root file system: paths are absolute, `/`-separated. */
export type FileTree = ReadonlyMap<string, FileTreeEntry>;
export type FileTreeEntry =
  | { readonly type: 'file'; readonly mode: number; readonly data: Uint8Array }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string };

/** A file system to mount for a process. */
export interface MountSpec {
  /** Absolute path of the directory to mount on; made when it is missing. */
  readonly destination: string;
  /** `bind` shows a directory of the host. */
  readonly type: 'proc' | 'tmpfs' | 'dev' | 'sysfs' | 'bind';
  /** What `mounts` lists as its source; for `bind` the host's directory. */
  readonly source?: string;
  readonly readOnly?: boolean;
}

/** A Linux process to start on the host's own kernel. */
export interface ProcessSpec {
  readonly name?: string;
  readonly arguments: readonly string[];
  readonly environment?: readonly string[];
  /** ELF bytes; or absent, then `arguments[0]` is looked up in the root file system. */
  readonly image?: Uint8Array;
  readonly workingDirectory?: string;
  /** Namespaces to create; others are the host's. */
  readonly namespaces?: readonly NamespaceKind[];
  readonly hostname?: string;
  /** Root of its mount namespace; needs `mount` in `namespaces`. */
  readonly root?: FileTree;
  readonly rootReadOnly?: boolean;
  /** Put into the root file system it gets, in place of what is there under these names. */
  readonly files?: FileTree;
  /** Mounted in this order before it starts; needs `mount` in `namespaces`. */
  readonly mounts?: readonly MountSpec[];
  /** A live process whose namespaces and root it gets instead of the host's. */
  readonly joining?: HostTask;
  /** Most memory of it and its descendants, in bytes: a process that needs more is ended. Default: what the host has. */
  readonly memoryBytes?: number;
  /** What `ps` calls it: `container` for one that a container runtime started. */
  readonly kind?: 'process' | 'container';
  readonly onOutput?: (bytes: Uint8Array, descriptor: 1 | 2) => void;
  readonly input?: Uint8Array;
  readonly trace?: TraceSink;
  readonly world?: string;
  /** Create it, but do not let it run before `resume` (OCI create and start are two steps). */
  readonly startPaused?: boolean;
  /** Runs out: the process ends as killed by SIGXCPU. */
  readonly maxInstructions?: number;
}

export interface ProcessTask extends HostTask {
  /** System calls by name, of it and its descendants. */
  readonly systemCalls: Readonly<Record<string, number>>;
  /** Traps by cause name, of it and its descendants. */
  readonly traps: Readonly<Record<string, number>>;
  /** Totals of it and its descendants, those that have ended included. */
  totals(): VcpuCounters;
  /** Linux signal number to it (its init for a PID namespace). */
  signal(number: number): void;
  /** The ELF file that it runs, as its latest execve got it. */
  readonly image: Uint8Array;
  /** Number of processes alive in its tree. */
  readonly processes: number;
}

/** The host OS as VMMs and container runtimes use it. */
export interface HostKernel {
  readonly memory: PhysicalMemory;
  readonly clock: HostClock;
  createVcpu(): Vcpu;
  /**
   * Machine frames (physical page numbers) for the caller, zeroed. `contiguous` gives consecutive ones aligned to
   * `alignment` frames (default 1). Throws HostOsError `ENOMEM` when there are not enough.
   */
  allocateFrames(count: number, options?: { readonly contiguous?: boolean; readonly alignment?: number }): number[];
  freeFrames(frames: readonly number[]): void;
  /** An address-space identifier nobody else uses; freed ones are flushed before they are given again. */
  allocateAsid(): number;
  freeAsid(asid: number): void;
  addVcpuTask(owner: VcpuTaskOwner, options?: { readonly trace?: TraceSink; readonly world?: string }): HostTask;
  spawn(spec: ProcessSpec): ProcessTask;
  /**
   * Runs tasks fairly until `until` is true (checked between slices), all have ended or block for ever, or `maxInstructions`
   * have retired.
   */
  run(options?: {
    readonly maxInstructions?: number;
    readonly until?: () => boolean;
    readonly task?: HostTask;
  }): HostRunEnd;
  ps(): TaskInfo[];
  /** Instructions retired by all tasks. */
  readonly instructions: number;
}

export type HostRunEnd = 'until' | 'all-exited' | 'budget' | 'deadlock';
