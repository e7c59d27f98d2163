/** What a signal does to a process that has not said otherwise (signal(7)). */
export type DefaultAction = 'terminate' | 'ignore' | 'stop' | 'continue';

export const Signal = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

export const LAST_SIGNAL = 64;
const ignored: readonly number[] = [Signal.SIGCHLD, Signal.SIGURG, Signal.SIGWINCH];
const stopping: readonly number[] = [Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU];

export function defaultAction(signal: number): DefaultAction {
  if (ignored.includes(signal)) return 'ignore';
  if (stopping.includes(signal)) return 'stop';
  return signal === Signal.SIGCONT ? 'continue' : 'terminate';
}

/** SIG_DFL and SIG_IGN. */
export const DEFAULT_HANDLER = 0n;
export const IGNORE_HANDLER = 1n;
export const SignalFlag = { noDefer: 0x4000_0000n, resetHandler: 0x8000_0000n, restart: 0x1000_0000n } as const;

/** struct sigaction of the kernel on RISC-V: 24 bytes. */
export interface SignalHandler {
  readonly handler: bigint;
  readonly flags: bigint;
  readonly mask: bigint;
}

export function signalBit(signal: number): bigint {
  return 1n << BigInt(signal - 1);
}

const UNBLOCKABLE = signalBit(Signal.SIGKILL) | signalBit(Signal.SIGSTOP);

/** Signals of one process: what it wants done, what it holds back, what has come. */
export class SignalState {
  readonly handlers: Map<number, SignalHandler>;
  readonly pending = new Set<number>();
  #blocked: bigint;
  /** The mask to return to when a handler interrupts rt_sigsuspend. */
  savedMask: bigint | undefined;

  constructor(handlers?: ReadonlyMap<number, SignalHandler>, blocked = 0n) {
    this.handlers = new Map(handlers);
    this.#blocked = blocked;
  }

  get blocked(): bigint {
    return this.#blocked;
  }
  set blocked(mask: bigint) {
    this.#blocked = mask & ~UNBLOCKABLE;
  }

  isIgnored(signal: number): boolean {
    const handler = this.handlers.get(signal)?.handler ?? DEFAULT_HANDLER;
    return handler === IGNORE_HANDLER || (handler === DEFAULT_HANDLER && defaultAction(signal) === 'ignore');
  }
  /** The next one to deliver, or undefined. */
  next(): number | undefined {
    for (const signal of this.pending) if ((this.#blocked & signalBit(signal)) === 0n) return signal;
    return undefined;
  }
  /** execve: handlers are gone with the program they were in; what is ignored stays ignored. */
  resetHandlers(): void {
    for (const [signal, { handler }] of this.handlers) if (handler !== IGNORE_HANDLER) this.handlers.delete(signal);
  }
  copy(): SignalState {
    return new SignalState(this.handlers, this.#blocked);
  }
}
