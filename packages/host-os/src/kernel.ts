import type { FileTree, HostHardware, HostKernel, NamespaceKind, Vcpu } from '@worldswitch/contracts';
import { CsrAddress } from '@worldswitch/isa';
import { HostOsError } from './host-os-error.ts';
import { type Kernel, realNanoseconds } from './kernel-state.ts';
import { AsidAllocator } from './memory/asids.ts';
import { FrameAllocator } from './memory/frames.ts';
import { UserMemory } from './memory/user-memory.ts';
import { MountNamespace } from './namespaces/mount-namespace.ts';
import type { Namespaces } from './namespaces/namespaces.ts';
import { PidNamespace } from './namespaces/pid-namespace.ts';
import { spawnProcess } from './processes/spawn.ts';
import { Scheduler, type SchedulerMetrics } from './schedule/scheduler.ts';
import { shownState } from './schedule/task.ts';
import { VcpuTask } from './schedule/vcpu-task.ts';
import { indexSystemCalls } from './system-calls/syscalls.ts';
import { CallArguments, type SystemCall } from './system-calls/system-call.ts';
import { createDeviceDirectory } from './vfs/devices.ts';
import { makeDirectory, mountFileTree } from './vfs/file-tree.ts';
import { MemoryFileSystem } from './vfs/memory-files.ts';
import { createProc } from './vfs/proc.ts';

export interface HostKernelOptions {
  /** Default `worldswitch`. */
  readonly hostname?: string;
  /** What the host's root file system holds besides /dev, /proc, /tmp and /etc/hostname. */
  readonly root?: FileTree;
  /** Most instructions of a turn. Default 100,000: a millisecond of virtual time. */
  readonly sliceInstructions?: number;
  /** Seconds since 1970 when the machine starts. Default: the first second of 2026, so that runs repeat. */
  readonly epoch?: number;
  /** System calls of one's own, and others in place of the built-in ones. */
  readonly systemCalls?: readonly SystemCall[];
}

/** The host OS, with what contracts' HostKernel does not ask for. */
export interface HostOs extends HostKernel {
  /** Frames that nobody has. */
  readonly freeFrameCount: number;
  /** What the scheduler did so far. */
  readonly scheduling: SchedulerMetrics;
  /**
   * Jain's index over what the tasks that are still runnable have retired: 1 when all had the same, 1/n when one had it all.
   */
  fairness(): number;
}

/** mstatus.FS: on in a fresh context of a hart that has a floating-point unit. */
const MSTATUS_FS = 3n << 13n;
const FIRST_NAMESPACE = 0xf000_0000;
const EPOCH = 1_767_225_600;
const SLICE = 100_000;
/** Process number 1 of the host is the kernel itself. */
const FIRST_PROCESS = 2;

/** Starts a host OS on a machine that nobody else uses. Throws HostOsError for options that make no sense. */
export function createHostKernel(hardware: HostHardware, options: HostKernelOptions = {}): HostOs {
  const slice = options.sliceInstructions ?? SLICE;
  if (!Number.isInteger(slice) || slice < 1) throw new HostOsError('EINVAL', `a slice of ${slice} instructions`);
  const kernel = createKernel(hardware, options, slice);
  const { scheduler, frames } = kernel;
  const charges = new FrameCharges();

  return {
    memory: hardware.memory,
    clock: hardware.clock,
    createVcpu: () => kernel.createVcpu(),
    allocateFrames(count, how) {
      const allocated = frames.allocateMany(count, how);
      charges.charge(allocated);
      return allocated;
    },
    freeFrames(list) {
      for (const frame of list) {
        charges.discharge(frame);
        frames.release(frame);
      }
    },
    allocateAsid: () => kernel.spaceParts.allocateAsid(),
    freeAsid: (asid) => kernel.spaceParts.freeAsid(asid),
    addVcpuTask(owner) {
      const account = charges.open();
      const id = kernel.hostNamespaces.pid.takeNumber();
      const task = new VcpuTask(id, owner, scheduler, () => account.frames);
      scheduler.add(task);
      return task;
    },
    spawn: (spec) => spawnProcess(kernel, spec),
    run: (how = {}) =>
      scheduler.run({
        maxInstructions: how.maxInstructions ?? Number.POSITIVE_INFINITY,
        until: how.until,
        group: how.task,
      }),
    ps: () => [...scheduler.tasks.values()].map((task) => task.info()),
    get instructions() {
      return scheduler.retired;
    },
    get freeFrameCount() {
      return frames.free;
    },
    get scheduling() {
      return scheduler.metrics;
    },
    fairness() {
      const shares = [...scheduler.tasks.values()]
        .filter((task) => ['ready', 'running'].includes(shownState(task)))
        .map((task) => task.retired);
      const sum = shares.reduce((total, share) => total + share, 0);
      const squares = shares.reduce((total, share) => total + share * share, 0);
      return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
    },
  };
}

/** Frames that VMs have asked for themselves: those allocated before a task was added are that task's. */
class FrameCharges {
  readonly #accounts = new Map<number, { frames: number }>();
  #next = { frames: 0 };

  charge(frames: readonly number[]): void {
    for (const frame of frames) this.#accounts.set(frame, this.#next);
    this.#next.frames += frames.length;
  }
  discharge(frame: number): void {
    const account = this.#accounts.get(frame);
    if (account !== undefined) account.frames--;
    this.#accounts.delete(frame);
  }
  open(): { readonly frames: number } {
    const account = this.#next;
    this.#next = { frames: 0 };
    return account;
  }
}

function createKernel(hardware: HostHardware, options: HostKernelOptions, slice: number): Kernel {
  const { memory, clock } = hardware;
  const createVcpu = (): Vcpu => {
    try {
      return hardware.createVcpu();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new HostOsError('EAGAIN', `the machine has no register context left: ${why}`);
    }
  };
  // Fences on behalf of address spaces that are not running.
  const fencer = createVcpu();
  const asids = new AsidAllocator((asid) => fencer.fence(asid));
  let inodeNumber = 1;
  const nextInodeNumber = () => inodeNumber++;
  let namespaceNumber = FIRST_NAMESPACE;
  const nextNamespace = () => namespaceNumber++;
  const epoch = options.epoch ?? EPOCH;
  const files = new MemoryFileSystem({ now: () => realNanoseconds(hardware, epoch), nextNumber: nextInodeNumber });
  const hostname = options.hostname ?? 'worldswitch';
  const hostNamespaces = createHostNamespaces(files, options, hostname, nextNamespace);

  const kernel: Kernel = {
    hardware,
    memory,
    frames: new FrameAllocator(memory, hardware.freeMemory),
    scheduler: new Scheduler(clock, slice),
    userMemory: new UserMemory(memory),
    spaceParts: {
      memory,
      allocateAsid: () => asids.allocate(),
      freeAsid: (asid) => asids.free(asid),
      fence: (asid, page) => fencer.fence(asid, page),
    },
    systemCalls: indexSystemCalls(options.systemCalls),
    callArguments: new CallArguments(),
    hostNamespaces,
    deviceDirectory: createDeviceDirectory(files, nextInodeNumber, () => hardware.random()),
    pipes: { count: 0 },
    hasFloat: (fencer.readCsr(CsrAddress.mstatus) & MSTATUS_FS) !== 0n,
    epoch,
    createVcpu,
    nextInodeNumber,
    memoryFileSystem: () => files,
    newNamespaces: (old, kinds) => renew(old, kinds, nextNamespace),
  };
  mountHostFileSystems(kernel, files);
  return kernel;
}

function createHostNamespaces(
  files: MemoryFileSystem,
  options: HostKernelOptions,
  hostname: string,
  nextNamespace: () => number,
): Namespaces {
  const root = mountFileTree(files, options.root ?? new Map());
  for (const name of ['tmp', 'dev', 'proc', 'etc', 'root']) makeDirectory(files, root, [name]);
  const etc = makeDirectory(files, root, ['etc']);
  if (!etc.entries?.has('hostname')) {
    etc.entries?.set('hostname', files.file(0o644, new TextEncoder().encode(`${hostname}\n`)));
  }
  const mount = { root, isReadOnly: false, type: 'tmpfs', source: 'rootfs', path: '/' };
  return {
    pid: new PidNamespace(nextNamespace(), undefined, FIRST_PROCESS),
    mount: new MountNamespace(nextNamespace(), mount),
    uts: { id: nextNamespace(), hostname, domainName: '(none)' },
    ipc: { id: nextNamespace() },
    network: { id: nextNamespace() },
    user: { id: nextNamespace() },
    cgroup: { id: nextNamespace() },
    time: { id: nextNamespace() },
  };
}

function mountHostFileSystems(kernel: Kernel, files: MemoryFileSystem): void {
  const { mount, pid } = kernel.hostNamespaces;
  const at = (path: string, type: string, root: ReturnType<typeof createProc>) => {
    const point = makeDirectory(files, mount.root.root, [path]);
    mount.mount(point, { root, isReadOnly: false, type, source: type, path: `/${path}` });
  };
  at('proc', 'proc', createProc(kernel, pid));
  at('dev', 'devtmpfs', kernel.deviceDirectory);
}

/** New namespaces as clone(2) makes them: as much like the old ones as their kind allows. */
function renew(old: Namespaces, kinds: readonly NamespaceKind[], nextNamespace: () => number): Namespaces {
  const renewed: { -readonly [Kind in NamespaceKind]: Namespaces[Kind] } = { ...old };
  for (const kind of kinds) {
    const id = nextNamespace();
    switch (kind) {
      case 'pid':
        renewed.pid = new PidNamespace(id, old.pid);
        break;
      case 'mount':
        renewed.mount = old.mount.copy(id);
        break;
      case 'uts':
        renewed.uts = { ...old.uts, id };
        break;
      default:
        renewed[kind] = { id };
    }
  }
  return renewed;
}
