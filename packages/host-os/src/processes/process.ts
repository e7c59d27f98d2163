import type { TaskInfo, Vcpu } from '@worldswitch/contracts';
import { TranslationMode } from '@worldswitch/contracts';
import type { Kernel } from '../kernel-state.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import type { PidNamespace } from '../namespaces/pid-namespace.ts';
import { shownState, type Task } from '../schedule/task.ts';
import { WaitQueue } from '../schedule/wait-queue.ts';
import { SignalState } from '../signals/signals.ts';
import { FileTable } from '../vfs/file-table.ts';
import type { Place, Walker } from '../vfs/place.ts';
import type { ProcessTree } from './process-tree.ts';
import { runProcess } from './run-process.ts';

/** What a blocked system call remembers: when to wake up, how much it has written, which child it waits for. */
export type CallState =
  | { readonly kind: 'deadline'; readonly deadline: number }
  | { readonly kind: 'write'; readonly done: number }
  | { readonly kind: 'vfork'; readonly child: Process };

export interface ProcessParts {
  readonly kernel: Kernel;
  readonly tree: ProcessTree;
  readonly vcpu: Vcpu;
  readonly space: AddressSpace;
  readonly namespaces: Namespaces;
  readonly root: Place;
  readonly directory: Place;
  readonly parent?: Process | undefined;
  readonly files?: FileTable;
  readonly signals?: SignalState;
}

/** A Linux process: one thread, the memory, files and signals it has, and its place among the others. */
export class Process implements Task {
  readonly kernel: Kernel;
  readonly tree: ProcessTree;
  readonly vcpu: Vcpu;
  /** Its number in each PID namespace that it can be seen from, its own first. */
  readonly numbers = new Map<PidNamespace, number>();
  readonly id: number;
  readonly children = new Set<Process>();
  readonly files: FileTable;
  readonly signals: SignalState;
  /** Woken when a child ends or stops. */
  readonly childChanged = new WaitQueue();
  #space: AddressSpace;
  namespaces: Namespaces;
  /** Where children's numbers come from: another one after unshare(CLONE_NEWPID). */
  childPidNamespace: PidNamespace;
  parent: Process | undefined;
  root: Place;
  directory: Place;
  umask = 0o022;
  name = '';
  executable = '';
  /** The file at that path when it was executed: what runs. */
  image: Uint8Array = new Uint8Array(0);
  commandLine: readonly string[] = [];
  environment: readonly string[] = [];
  /** Process group and session: processes by number in the host's PID namespace. */
  processGroup: number;
  session: number;
  /** It has blocked in a system call, which goes on when it wakes. */
  isInCall = false;
  /** What a blocked system call keeps from one attempt to the next. */
  callState: CallState | undefined;
  /** It waits for a child that has borrowed its memory: no signal gets through. */
  get isUninterruptible(): boolean {
    return this.callState?.kind === 'vfork';
  }
  waitingOn: WaitQueue[] = [];
  /** The parent that waits, after vfork, until this one no longer uses its memory. */
  vforkParent: Process | undefined;
  /** sched_yield: its turn ends. */
  hasYielded = false;
  isStopped = false;
  /** A change of state that wait4 has not reported yet. */
  unreported: 'stopped' | 'continued' | undefined;
  stopSignal = 0;
  /** As wait4 gives it; undefined while it lives. */
  waitStatus: number | undefined;
  clearChildTid = 0;

  state: Task['state'] = 'ready';
  isPaused = false;
  deadline = Number.POSITIVE_INFINITY;
  virtualRuntime = 0;
  latestTurn = 0;
  retired = 0;
  /** Traps in a row with nothing retired between them. */
  trapsWithoutProgress = 0;

  constructor(parts: ProcessParts) {
    const { kernel, namespaces, parent } = parts;
    this.kernel = kernel;
    this.tree = parts.tree;
    this.vcpu = parts.vcpu;
    this.#space = parts.space;
    this.namespaces = namespaces;
    this.childPidNamespace = namespaces.pid;
    this.parent = parent;
    this.root = parts.root;
    this.directory = parts.directory;
    this.files = parts.files ?? new FileTable();
    this.signals = parts.signals ?? new SignalState();
    for (const namespace of namespaces.pid.chain()) {
      const number = namespace.takeNumber();
      this.numbers.set(namespace, number);
      namespace.processes.set(number, this);
    }
    namespaces.pid.init ??= namespaces.pid.parent === undefined ? undefined : this;
    this.id = this.numbers.get(kernel.hostNamespaces.pid)!;
    this.processGroup = parent?.processGroup ?? this.id;
    this.session = parent?.session ?? this.id;
    if (parent !== undefined) {
      this.umask = parent.umask;
      this.name = parent.name;
      this.executable = parent.executable;
      this.image = parent.image;
      this.commandLine = parent.commandLine;
      this.environment = parent.environment;
      parent.children.add(this);
    }
    this.enterSpace();
  }

  get group(): object {
    return this.tree;
  }
  get space(): AddressSpace {
    return this.#space;
  }
  /** Changes to another address space; the old one is the caller's to release. */
  set space(space: AddressSpace) {
    this.#space = space;
    this.enterSpace();
  }
  private enterSpace(): void {
    this.vcpu.setAddressSpace(TranslationMode.sv39, this.#space.asid, this.#space.table.rootFrame);
  }

  /** Its number as a process in that namespace sees it; 0 when it cannot be seen from there. */
  numberIn(namespace: PidNamespace): number {
    return this.numbers.get(namespace) ?? 0;
  }
  get walker(): Walker {
    return { start: this.directory, root: this.root, mounts: this.namespaces.mount, viewer: this };
  }

  /** Sleeps until one of these queues or virtual time `deadline` wakes it. */
  block(queues: readonly WaitQueue[], deadline = Number.POSITIVE_INFINITY): void {
    for (const queue of queues) queue.add(this);
    this.state = 'blocked';
    this.deadline = deadline;
  }
  wake(): void {
    this.leaveQueues();
    if (!this.isStopped) this.kernel.scheduler.wake(this);
  }
  leaveQueues(): void {
    if (this.waitingOn.length === 0) return;
    for (const queue of this.waitingOn) queue.remove(this);
    this.waitingOn = [];
  }

  turn(slice: number): void {
    this.leaveQueues();
    runProcess(this, slice);
  }

  info(): TaskInfo {
    const { waitStatus } = this;
    return {
      id: this.id,
      parent: this.parent?.id ?? 0,
      name: (this.tree.root === this ? this.tree.spec.name : undefined) ?? this.name,
      kind: this.tree.kind,
      state: this.isStopped && this.state !== 'exited' ? 'paused' : shownState(this),
      instructions: this.retired,
      frames: this.state === 'exited' ? 0 : this.space.frames,
      ...(waitStatus === undefined ? {} : { exitCode: exitCodeOf(waitStatus) }),
    };
  }
}

/** The exit code as a shell shows it: 128 + signal for one that a signal ended. */
export function exitCodeOf(waitStatus: number): number {
  const signal = waitStatus & 0x7f;
  return signal === 0 ? (waitStatus >> 8) & 0xff : 128 + signal;
}
