import { Errno } from '../errno.ts';
import { INSTRUCTIONS_PER_MICROSECOND, ticksOf } from '../kernel-state.ts';
import { ALL_NAMESPACE_FLAGS } from '../namespaces/namespaces.ts';
import { execute } from '../processes/execute.ts';
import { forkProcess } from '../processes/fork.ts';
import type { Process } from '../processes/process.ts';
import { endProcess, reap } from '../processes/process-end.ts';
import { WaitQueue } from '../schedule/wait-queue.ts';
import { MAX_DESCRIPTORS } from '../vfs/file-table.ts';
import { BLOCKED, NO_RESULT, type SystemCall } from './system-call.ts';

const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
const CLONE_PARENT_SETTID = 0x10_0000;
const CLONE_CHILD_CLEARTID = 0x20_0000;
const CLONE_CHILD_SETTID = 0x100_0000;
const CLONE_SETTLS = 0x8_0000;
/** Thread groups, shared descriptors, directories and handlers. */
const CLONE_UNSUPPORTED = 0x1_0000 | 0x400 | 0x200 | 0x800;

/** clone as fork, vfork and posix_spawn use it. */
function clone(
  process: Process,
  flags: number,
  stack: bigint,
  parentTid: number,
  tls: bigint,
  childTid: number,
): number {
  const state = process.callState;
  if (state?.kind === 'vfork') return waitForBorrower(process, state.child);
  if (flags & CLONE_UNSUPPORTED) return -Errno.ENOSYS;
  const { userMemory } = process.kernel;
  const child = forkProcess(process, {
    namespaceFlags: flags & ALL_NAMESPACE_FLAGS,
    sharesMemory: (flags & CLONE_VM) !== 0,
    stackPointer: stack,
  });
  if (flags & CLONE_SETTLS) child.vcpu.writeX(4, tls);
  const number = child.numberIn(process.namespaces.pid);
  if (flags & CLONE_PARENT_SETTID) userMemory.write32(process.space, parentTid, number);
  if (flags & CLONE_CHILD_SETTID) userMemory.write32(child.space, childTid, child.numberIn(child.namespaces.pid));
  if (flags & CLONE_CHILD_CLEARTID) child.clearChildTid = childTid;
  if ((flags & CLONE_VFORK) === 0) return number;
  child.vforkParent = process;
  process.callState = { kind: 'vfork', child };
  return waitForBorrower(process, child);
}

function waitForBorrower(process: Process, child: Process): number {
  if (child.vforkParent !== process) return child.numberIn(process.namespaces.pid);
  process.block([]);
  return BLOCKED;
}

function exit(process: Process, code: number): number {
  const { clearChildTid, space, kernel } = process;
  if (clearChildTid !== 0 && space.users > 1) kernel.userMemory.write32(space, clearChildTid, 0);
  endProcess(process, (code & 0xff) << 8);
  return NO_RESULT;
}

const WNOHANG = 1;
const WUNTRACED = 2;
const WCONTINUED = 8;
const CONTINUED_STATUS = 0xffff;

function waitForChild(process: Process, which: number, statusAddress: number, options: number, usage: number): number {
  const { userMemory } = process.kernel;
  const namespace = process.namespaces.pid;
  let isAny = false;
  for (const child of process.children) {
    const number = child.numberIn(namespace);
    if (which > 0 && number !== which) continue;
    if (which === 0 && child.processGroup !== process.processGroup) continue;
    if (which < -1 && namespace.processes.get(-which)?.processGroup !== child.processGroup) continue;
    isAny = true;
    let status = child.waitStatus;
    if (status === undefined) {
      if (child.unreported === 'stopped' && options & WUNTRACED) status = (child.stopSignal << 8) | 0x7f;
      else if (child.unreported === 'continued' && options & WCONTINUED) status = CONTINUED_STATUS;
      else continue;
      child.unreported = undefined;
    }
    if (statusAddress !== 0 && !userMemory.write32(process.space, statusAddress, status)) return -Errno.EFAULT;
    if (usage !== 0 && !userMemory.write(process.space, usage, resourceUsage(child))) return -Errno.EFAULT;
    if (child.waitStatus !== undefined) reap(child);
    return number;
  }
  if (!isAny) return -Errno.ECHILD;
  if (options & WNOHANG) return 0;
  process.block([process.childChanged]);
  return BLOCKED;
}

/** struct rusage: only the user time is known. */
function resourceUsage(process: Process): Uint8Array {
  const bytes = new Uint8Array(144);
  const view = new DataView(bytes.buffer);
  const microseconds = BigInt(Math.floor(process.retired / INSTRUCTIONS_PER_MICROSECOND));
  view.setBigInt64(0, microseconds / 1_000_000n, true);
  view.setBigInt64(8, microseconds % 1_000_000n, true);
  return bytes;
}

/** The process with that number as `process` sees it; 0 is itself. */
function processByNumber(process: Process, number: number): Process | undefined {
  return number === 0 ? process : process.namespaces.pid.processes.get(number);
}

function setProcessGroup(process: Process, number: number, group: number): number {
  const target = processByNumber(process, number);
  if (target === undefined || (target !== process && target.parent !== process)) return -Errno.ESRCH;
  const leader = group === 0 ? target : process.namespaces.pid.processes.get(group);
  if (leader === undefined) return -Errno.EPERM;
  target.processGroup = leader.id;
  return 0;
}

/** Number of a process group or session, by its leader's on the host, as `process` sees it. */
function seenNumber(process: Process, id: number): number {
  return process.kernel.hostNamespaces.pid.processes.get(id)?.numberIn(process.namespaces.pid) ?? 0;
}

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_COMMAND = 0x7f;

function futex(process: Process, address: number, operation: number, value: number, timeout: number): number {
  const { userMemory, hardware } = process.kernel;
  const { tree, space } = process;
  const key = `${space.asid}:${address}`;
  switch (operation & FUTEX_COMMAND) {
    case FUTEX_WAKE: {
      const woken = tree.futexes.get(key)?.wake(value) ?? 0;
      return woken;
    }
    case FUTEX_WAIT: {
      if (address % 4 !== 0) return -Errno.EINVAL;
      const state = process.callState;
      if (state?.kind === 'deadline') {
        tree.futexes.delete(key);
        return hardware.clock.now() >= state.deadline ? -Errno.ETIMEDOUT : 0;
      }
      const found = userMemory.read32(space, address);
      if (found < 0) return -Errno.EFAULT;
      if ((found | 0) !== value) return -Errno.EAGAIN;
      let deadline = Number.POSITIVE_INFINITY;
      if (timeout !== 0) {
        const seconds = userMemory.read64(space, timeout);
        const nanoseconds = userMemory.read64(space, timeout + 8);
        if (seconds < 0 || nanoseconds < 0) return -Errno.EFAULT;
        deadline = hardware.clock.now() + ticksOf(hardware, BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
      }
      const queue = tree.futexes.get(key) ?? new WaitQueue();
      tree.futexes.set(key, queue);
      process.callState = { kind: 'deadline', deadline };
      process.block([queue], deadline);
      return BLOCKED;
    }
    default:
      return -Errno.ENOSYS;
  }
}

const Resource = { stack: 3, files: 7 } as const;

function resourceLimit(resource: number): bigint {
  if (resource === Resource.stack) return 8n << 20n;
  return resource === Resource.files ? BigInt(MAX_DESCRIPTORS) : 0xffff_ffff_ffff_ffffn;
}

function limits(process: Process, resource: number, isSetting: boolean, old: number): number {
  if (resource < 0 || resource > 15) return -Errno.EINVAL;
  if (isSetting) return -Errno.EPERM;
  if (old === 0) return 0;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, resourceLimit(resource), true);
  view.setBigUint64(8, resourceLimit(resource), true);
  return process.kernel.userMemory.write(process.space, old, bytes) ? 0 : -Errno.EFAULT;
}

const PR_SET_NAME = 15;
const PR_GET_NAME = 16;

function control(process: Process, option: number, argument: number): number {
  const { userMemory } = process.kernel;
  if (option === PR_SET_NAME) {
    const name = userMemory.readString(process.space, argument, 16);
    if (name === undefined) return -Errno.EFAULT;
    process.name = name === 'too-long' ? process.name : name.slice(0, 15);
    return 0;
  }
  if (option !== PR_GET_NAME) return -Errno.EINVAL;
  const bytes = new TextEncoder().encode(`${process.name}\0`);
  return userMemory.write(process.space, argument, bytes) ? 0 : -Errno.EFAULT;
}

const zero = () => 0;
/** Everybody is root. */
const identityCalls: readonly SystemCall[] = [
  { number: 174, name: 'getuid', support: 'full', handler: zero },
  { number: 175, name: 'geteuid', support: 'full', handler: zero },
  { number: 176, name: 'getgid', support: 'full', handler: zero },
  { number: 177, name: 'getegid', support: 'full', handler: zero },
  { number: 158, name: 'getgroups', support: 'full', handler: zero },
  ...(
    [
      [144, 'setgid'],
      [146, 'setuid'],
    ] as const
  ).map(
    ([number, name]): SystemCall => ({
      number,
      name,
      support: 'partial',
      note: 'root is the only user',
      handler: (_, args) => (args.int(0) === 0 ? 0 : -Errno.EPERM),
    }),
  ),
];

/** System calls on processes. */
export const processCalls: readonly SystemCall[] = [
  ...identityCalls,
  { number: 93, name: 'exit', support: 'full', handler: (process, args) => exit(process, args.int(0)) },
  { number: 94, name: 'exit_group', support: 'full', handler: (process, args) => exit(process, args.int(0)) },
  {
    number: 96,
    name: 'set_tid_address',
    support: 'full',
    handler: (process, args) => {
      process.clearChildTid = args.word(0);
      return process.numberIn(process.namespaces.pid);
    },
  },
  {
    number: 98,
    name: 'futex',
    support: 'partial',
    note: 'FUTEX_WAIT and FUTEX_WAKE in one address space',
    handler: (process, args) => futex(process, args.word(0), args.int(1), args.int(2), args.word(3)),
  },
  { number: 99, name: 'set_robust_list', support: 'accepted', note: 'there are no threads', handler: zero },
  {
    number: 123,
    name: 'sched_getaffinity',
    support: 'full',
    handler: (process, args) => {
      if (args.word(1) < 8) return -Errno.EINVAL;
      return process.kernel.userMemory.write64(process.space, args.word(2), 1) ? 8 : -Errno.EFAULT;
    },
  },
  {
    number: 124,
    name: 'sched_yield',
    support: 'full',
    handler: (process) => {
      process.hasYielded = true;
      return 0;
    },
  },
  {
    number: 153,
    name: 'times',
    support: 'partial',
    note: 'user time only',
    handler: (process, args) => {
      const { hardware, userMemory } = process.kernel;
      const ticks = Math.floor(process.retired / (10_000 * INSTRUCTIONS_PER_MICROSECOND));
      const bytes = new Uint8Array(32);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(ticks), true);
      if (args.word(0) !== 0 && !userMemory.write(process.space, args.word(0), bytes)) return -Errno.EFAULT;
      return Math.floor((hardware.clock.now() * 100) / hardware.clock.frequency);
    },
  },
  {
    number: 154,
    name: 'setpgid',
    support: 'full',
    handler: (process, args) => setProcessGroup(process, args.int(0), args.int(1)),
  },
  {
    number: 155,
    name: 'getpgid',
    support: 'full',
    handler: (process, args) => {
      const target = processByNumber(process, args.int(0));
      return target === undefined ? -Errno.ESRCH : seenNumber(process, target.processGroup);
    },
  },
  {
    number: 156,
    name: 'getsid',
    support: 'full',
    handler: (process, args) => {
      const target = processByNumber(process, args.int(0));
      return target === undefined ? -Errno.ESRCH : seenNumber(process, target.session);
    },
  },
  {
    number: 157,
    name: 'setsid',
    support: 'full',
    handler: (process) => {
      process.session = process.id;
      process.processGroup = process.id;
      return process.numberIn(process.namespaces.pid);
    },
  },
  {
    number: 165,
    name: 'getrusage',
    support: 'partial',
    note: 'user time of the process itself',
    handler: (process, args) =>
      process.kernel.userMemory.write(process.space, args.word(1), resourceUsage(process)) ? 0 : -Errno.EFAULT,
  },
  {
    number: 167,
    name: 'prctl',
    support: 'partial',
    note: 'PR_SET_NAME, PR_GET_NAME',
    handler: (process, args) => control(process, args.int(0), args.word(1)),
  },
  {
    number: 172,
    name: 'getpid',
    support: 'full',
    handler: (process) => process.numberIn(process.namespaces.pid),
  },
  {
    number: 173,
    name: 'getppid',
    support: 'full',
    handler: (process) => process.parent?.numberIn(process.namespaces.pid) ?? 0,
  },
  {
    number: 178,
    name: 'gettid',
    support: 'full',
    handler: (process) => process.numberIn(process.namespaces.pid),
  },
  {
    number: 220,
    name: 'clone',
    support: 'partial',
    note: 'processes (fork, vfork, posix_spawn) with namespaces; no threads',
    handler: (process, args) => {
      const { vcpu } = process;
      return clone(process, args.int(0), vcpu.readX(11), args.word(2), vcpu.readX(13), args.word(4));
    },
  },
  {
    number: 221,
    name: 'execve',
    support: 'full',
    handler: (process, args) => execute(process, args.word(0), args.word(1), args.word(2)),
  },
  {
    number: 260,
    name: 'wait4',
    support: 'full',
    handler: (process, args) => waitForChild(process, args.int(0), args.word(1), args.int(2), args.word(3)),
  },
  {
    number: 261,
    name: 'prlimit64',
    support: 'partial',
    note: 'of the calling process, and limits cannot be changed',
    handler: (process, args) => limits(process, args.int(1), args.word(2) !== 0, args.word(3)),
  },
];
