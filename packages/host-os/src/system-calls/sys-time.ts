import { Errno } from '../errno.ts';
import { monotonicNanoseconds, realNanoseconds, ticksOf } from '../kernel-state.ts';
import type { Process } from '../processes/process.ts';
import { BLOCKED, type SystemCall } from './system-call.ts';

const SECOND = 1_000_000_000n;
const TIMER_ABSTIME = 1;
const Clock = {
  realtime: 0,
  monotonic: 1,
  processTime: 2,
  threadTime: 3,
  monotonicRaw: 4,
  realtimeCoarse: 5,
  monotonicCoarse: 6,
  boottime: 7,
} as const;

/** Nanoseconds that a clock shows, or undefined when there is no such clock. */
function readClock(process: Process, clock: number): bigint | undefined {
  const { hardware, epoch } = process.kernel;
  switch (clock) {
    case Clock.realtime:
    case Clock.realtimeCoarse:
      return realNanoseconds(hardware, epoch);
    case Clock.monotonic:
    case Clock.monotonicRaw:
    case Clock.monotonicCoarse:
    case Clock.boottime:
      return monotonicNanoseconds(hardware);
    case Clock.processTime:
    case Clock.threadTime:
      return BigInt(process.retired) * 10n;
    default:
      return undefined;
  }
}

/** Writes struct timespec, or timeval with a `unit` of 1000. */
function writeTime(process: Process, address: number, nanoseconds: bigint, unit = 1n): number {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, nanoseconds / SECOND, true);
  view.setBigInt64(8, (nanoseconds % SECOND) / unit, true);
  return process.kernel.userMemory.write(process.space, address, bytes) ? 0 : -Errno.EFAULT;
}

/** Reads struct timespec: nanoseconds, or a negative error number. */
function readTime(process: Process, address: number): bigint {
  const bytes = process.kernel.userMemory.read(process.space, address, 16);
  if (bytes === undefined) return BigInt(-Errno.EFAULT);
  const view = new DataView(bytes.buffer);
  const seconds = view.getBigInt64(0, true);
  const nanoseconds = view.getBigInt64(8, true);
  if (seconds < 0n || nanoseconds < 0n || nanoseconds >= SECOND) return BigInt(-Errno.EINVAL);
  return seconds * SECOND + nanoseconds;
}

/** Sleeps until virtual time gets there. */
function sleep(process: Process, clock: number, flags: number, request: number): number {
  const { hardware } = process.kernel;
  if (process.callState === undefined) {
    const time = readTime(process, request);
    if (time < 0n) return Number(time);
    const now = readClock(process, clock);
    if (now === undefined) return -Errno.EINVAL;
    const isAbsolute = (flags & TIMER_ABSTIME) !== 0;
    const wait = isAbsolute ? time - now : time;
    if (wait <= 0n) return 0;
    process.callState = { kind: 'deadline', deadline: hardware.clock.now() + ticksOf(hardware, wait) };
  }
  const state = process.callState;
  if (state.kind !== 'deadline' || hardware.clock.now() >= state.deadline) return 0;
  process.block([], state.deadline);
  return BLOCKED;
}

/** System calls on time. All of it is virtual: it follows the instructions that the machine retires. */
export const timeCalls: readonly SystemCall[] = [
  {
    number: 101,
    name: 'nanosleep',
    support: 'partial',
    note: 'an interrupted sleep does not say what is left',
    handler: (process, args) => sleep(process, Clock.monotonic, 0, args.word(0)),
  },
  {
    number: 113,
    name: 'clock_gettime',
    support: 'full',
    handler: (process, args) => {
      const time = readClock(process, args.int(0));
      return time === undefined ? -Errno.EINVAL : writeTime(process, args.word(1), time);
    },
  },
  {
    number: 114,
    name: 'clock_getres',
    support: 'full',
    handler: (process, args) => {
      if (readClock(process, args.int(0)) === undefined) return -Errno.EINVAL;
      const { frequency } = process.kernel.hardware.clock;
      return args.word(1) === 0 ? 0 : writeTime(process, args.word(1), SECOND / BigInt(frequency));
    },
  },
  {
    number: 115,
    name: 'clock_nanosleep',
    support: 'partial',
    note: 'an interrupted sleep does not say what is left',
    handler: (process, args) => sleep(process, args.int(0), args.int(1), args.word(2)),
  },
  {
    number: 169,
    name: 'gettimeofday',
    support: 'full',
    handler: (process, args) => {
      const { hardware, epoch } = process.kernel;
      return args.word(0) === 0 ? 0 : writeTime(process, args.word(0), realNanoseconds(hardware, epoch), 1000n);
    },
  },
];
