/** The command's own standard input and output as a machine's console, with QEMU's escape keys. */

const ESCAPE = 1;
/** Ctrl-C. */
const INTERRUPT = 3;
/** What the keys after Ctrl-A ask for (QEMU documentation, "Keys in the character backend multiplexer"). */
export type TerminalRequest = 'quit' | 'toggle-monitor' | 'help';

export interface Terminal {
  /** Bytes typed for the console and not read yet. */
  read(maxBytes: number): Uint8Array;
  /** Puts back what was read, to be read again first. */
  unread(bytes: Uint8Array): void;
  /** Bytes typed for the monitor. */
  readMonitor(): Uint8Array;
  /** Resolves when something was typed, the input ended, a signal came, or after this many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  /** Escape keys and signals since the last call. */
  takeRequests(): TerminalRequest[];
  /** Number of the signal that asks for an end, if one came. */
  readonly signal: number | undefined;
  /** Nothing will ever be typed again. */
  readonly isEnded: boolean;
  /** A person is typing. */
  readonly isInteractive: boolean;
  close(): void;
}

export interface TerminalOptions {
  /** Whether Ctrl-A begins an escape. */
  readonly hasEscapes: boolean;
  /** Without input, nothing is read at all. */
  readonly readsInput: boolean;
  /** Whether what is typed goes to the monitor at first. */
  readonly isForMonitor: boolean;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Takes the terminal over: raw mode when a person is there, piped input as it comes. `close` gives it back. */
export function openTerminal({ hasEscapes, readsInput, isForMonitor }: TerminalOptions): Terminal {
  const { stdin } = process;
  const isInteractive = readsInput && stdin.isTTY === true;
  let typed: number[] = [];
  let typedForMonitor: number[] = [];
  let goesToMonitor = isForMonitor;
  /** Something came since the last wait. */
  let hasNews = false;
  let requests: TerminalRequest[] = [];
  let isEnded = !readsInput;
  let isEscaped = false;
  let signal: number | undefined;
  let wake: (() => void) | undefined;

  const stir = () => {
    hasNews = true;
    wake?.();
    wake = undefined;
  };
  const onData = (bytes: Uint8Array) => {
    const put = (byte: number) => void (goesToMonitor ? typedForMonitor : typed).push(byte);
    for (const byte of bytes) {
      if (isEscaped) {
        isEscaped = false;
        if (byte === ESCAPE) put(byte);
        else if (byte === 0x78) requests.push('quit');
        else if (byte === 0x63) {
          goesToMonitor = !goesToMonitor;
          requests.push('toggle-monitor');
        } else if (byte === 0x68 || byte === 0x3f) requests.push('help');
      } else if (hasEscapes && byte === ESCAPE) isEscaped = true;
      // Raw, the terminal makes no signal of it; with escapes the guest has it, and Ctrl-A x ends (as QEMU's `signal=on`).
      else if (isInteractive && !hasEscapes && byte === INTERRUPT) signal = SIGNALS.SIGINT;
      else put(byte);
    }
    stir();
  };
  const onEnd = () => {
    isEnded = true;
    stir();
  };
  const handlers = Object.entries(SIGNALS).map(([name, number]) => {
    const handler = () => {
      signal = number;
      stir();
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  if (readsInput) {
    if (isInteractive) stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.on('end', onEnd);
    stdin.on('error', onEnd);
    stdin.resume();
  }

  return {
    read(maxBytes) {
      const bytes = Uint8Array.from(typed.slice(0, maxBytes));
      typed = typed.slice(maxBytes);
      return bytes;
    },
    unread(bytes) {
      typed = [...bytes, ...typed];
    },
    readMonitor() {
      const bytes = Uint8Array.from(typedForMonitor);
      typedForMonitor = [];
      return bytes;
    },
    async wait(milliseconds) {
      if (hasNews) {
        hasNews = false;
        // Even so whatever else is waiting gets its turn.
        await new Promise((resolve) => setImmediate(resolve));
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    takeRequests() {
      const taken = requests;
      requests = [];
      return taken;
    },
    get signal() {
      return signal;
    },
    get isEnded() {
      return isEnded;
    },
    isInteractive,
    close() {
      if (isInteractive) stdin.setRawMode(false);
      if (readsInput) {
        stdin.off('data', onData);
        stdin.off('end', onEnd);
        stdin.off('error', onEnd);
        stdin.pause();
      }
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}
