import { Errno } from '../errno.ts';
import type { Process } from '../processes/process.ts';
import { leaveHandler, postSignal } from '../signals/signal-delivery.ts';
import { LAST_SIGNAL, Signal } from '../signals/signals.ts';
import { BLOCKED, NO_RESULT, type SystemCall } from './system-call.ts';

const isSignal = (signal: number) => signal >= 0 && signal <= LAST_SIGNAL;
const MASK_SIZE = 8;

function setAction(process: Process, signal: number, wanted: number, old: number): number {
  const { userMemory } = process.kernel;
  const { signals, space } = process;
  if (!isSignal(signal) || signal === 0) return -Errno.EINVAL;
  const isFixed = signal === Signal.SIGKILL || signal === Signal.SIGSTOP;
  if (wanted !== 0 && isFixed) return -Errno.EINVAL;
  const given = wanted === 0 ? undefined : userMemory.read(space, wanted, 24);
  if (wanted !== 0 && given === undefined) return -Errno.EFAULT;
  if (old !== 0) {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    const action = signals.handlers.get(signal);
    view.setBigUint64(0, action?.handler ?? 0n, true);
    view.setBigUint64(8, action?.flags ?? 0n, true);
    view.setBigUint64(16, action?.mask ?? 0n, true);
    if (!userMemory.write(space, old, bytes)) return -Errno.EFAULT;
  }
  if (given !== undefined) {
    const view = new DataView(given.buffer);
    const handler = view.getBigUint64(0, true);
    signals.handlers.set(signal, { handler, flags: view.getBigUint64(8, true), mask: view.getBigUint64(16, true) });
    if (signals.isIgnored(signal)) signals.pending.delete(signal);
  }
  return 0;
}

const How = { block: 0, unblock: 1, set: 2 } as const;

function changeMask(process: Process, how: number, wanted: number, old: number): number {
  const { userMemory } = process.kernel;
  const { signals, space } = process;
  const before = signals.blocked;
  if (wanted !== 0) {
    const bytes = userMemory.read(space, wanted, MASK_SIZE);
    if (bytes === undefined) return -Errno.EFAULT;
    const mask = new DataView(bytes.buffer).getBigUint64(0, true);
    if (how === How.block) signals.blocked = before | mask;
    else if (how === How.unblock) signals.blocked = before & ~mask;
    else if (how === How.set) signals.blocked = mask;
    else return -Errno.EINVAL;
  }
  return old === 0 || writeMask(process, old, before) ? 0 : -Errno.EFAULT;
}

function writeMask(process: Process, address: number, mask: bigint): boolean {
  const bytes = new Uint8Array(MASK_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, mask, true);
  return process.kernel.userMemory.write(process.space, address, bytes);
}

/** rt_sigsuspend: waits, with another mask, until a handler has run. */
function suspend(process: Process, address: number): number {
  const { signals, space, kernel } = process;
  if (process.callState === undefined) {
    const bytes = kernel.userMemory.read(space, address, MASK_SIZE);
    if (bytes === undefined) return -Errno.EFAULT;
    signals.savedMask = signals.blocked;
    signals.blocked = new DataView(bytes.buffer).getBigUint64(0, true);
    process.callState = { kind: 'deadline', deadline: Number.POSITIVE_INFINITY };
    if (signals.next() !== undefined) return BLOCKED;
  }
  process.block([]);
  return BLOCKED;
}

/** The processes that kill(2) names with this number, as the sender sees them. */
function targets(process: Process, number: number): Process[] {
  const { processes } = process.namespaces.pid;
  if (number > 0) {
    const target = processes.get(number);
    return target === undefined ? [] : [target];
  }
  const all = [...processes.values()];
  if (number === -1) return all.filter((other) => other !== process && other !== process.namespaces.pid.init);
  const group = number === 0 ? process.processGroup : processes.get(-number)?.processGroup;
  return all.filter((other) => other.processGroup === group);
}

function kill(process: Process, number: number, signal: number): number {
  if (!isSignal(signal)) return -Errno.EINVAL;
  const found = targets(process, number);
  if (found.length === 0) return -Errno.ESRCH;
  for (const target of found) {
    // Its own processes do not end an init with what it has no handler for (pid_namespaces(7)).
    const isInit = process.namespaces.pid.init === target;
    if (!isInit || target.signals.handlers.has(signal)) postSignal(target, signal);
  }
  return 0;
}

/** System calls on signals. */
export const signalCalls: readonly SystemCall[] = [
  {
    number: 129,
    name: 'kill',
    support: 'full',
    handler: (process, args) => kill(process, args.int(0), args.int(1)),
  },
  {
    number: 130,
    name: 'tkill',
    support: 'full',
    handler: (process, args) => (args.int(0) <= 0 ? -Errno.EINVAL : kill(process, args.int(0), args.int(1))),
  },
  {
    number: 131,
    name: 'tgkill',
    support: 'full',
    handler: (process, args) => {
      if (args.int(0) <= 0 || args.int(1) <= 0) return -Errno.EINVAL;
      return args.int(0) === args.int(1) ? kill(process, args.int(1), args.int(2)) : -Errno.ESRCH;
    },
  },
  {
    number: 132,
    name: 'sigaltstack',
    support: 'accepted',
    note: 'handlers run on the normal stack',
    handler: () => 0,
  },
  {
    number: 133,
    name: 'rt_sigsuspend',
    support: 'full',
    handler: (process, args) => suspend(process, args.word(0)),
  },
  {
    number: 134,
    name: 'rt_sigaction',
    support: 'partial',
    note: 'siginfo_t has the signal number only; SA_ONSTACK is ignored',
    handler: (process, args) =>
      args.word(3) === MASK_SIZE ? setAction(process, args.int(0), args.word(1), args.word(2)) : -Errno.EINVAL,
  },
  {
    number: 135,
    name: 'rt_sigprocmask',
    support: 'full',
    handler: (process, args) =>
      args.word(3) === MASK_SIZE ? changeMask(process, args.int(0), args.word(1), args.word(2)) : -Errno.EINVAL,
  },
  {
    number: 136,
    name: 'rt_sigpending',
    support: 'full',
    handler: (process, args) => {
      let mask = 0n;
      for (const signal of process.signals.pending) mask |= 1n << BigInt(signal - 1);
      return writeMask(process, args.word(0), mask & process.signals.blocked) ? 0 : -Errno.EFAULT;
    },
  },
  {
    number: 139,
    name: 'rt_sigreturn',
    support: 'full',
    handler: (process) => {
      if (!leaveHandler(process)) postSignal(process, Signal.SIGKILL);
      return NO_RESULT;
    },
  },
];
