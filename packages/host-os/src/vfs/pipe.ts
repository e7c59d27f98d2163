import { Errno } from '../errno.ts';
import { WaitQueue } from '../schedule/wait-queue.ts';

const CAPACITY = 65536;
/** Writes up to this length go in as a whole or not at all (POSIX PIPE_BUF; Linux: 4096). */
const ATOMIC_WRITE = 4096;

/** Pipes that exist on a host: each may take its capacity of the host's memory. */
export interface PipeCount {
  count: number;
}
const MAX_PIPES = 2048;

/** A pipe, or undefined when there are too many. */
export function createPipe(pipes: PipeCount): Pipe | undefined {
  if (pipes.count >= MAX_PIPES) return undefined;
  pipes.count++;
  return new Pipe(() => pipes.count--);
}

/** Bytes on their way from a writer to a reader. */
export class Pipe {
  readonly readable = new WaitQueue();
  readonly writable = new WaitQueue();
  readonly #closed: () => void;
  /** Made when something is written for the first time. */
  #buffer = new Uint8Array(0);
  #start = 0;
  #count = 0;
  readers = 0;
  writers = 0;

  /** @param closed called when both ends are gone. */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  get canRead(): boolean {
    return this.#count > 0 || this.writers === 0;
  }
  get canWrite(): boolean {
    return CAPACITY - this.#count >= ATOMIC_WRITE || this.readers === 0;
  }
  get length(): number {
    return this.#count;
  }

  /** Bytes read, 0 at the end; undefined when one has to wait. */
  read(into: Uint8Array): number | undefined {
    if (this.#count === 0) return this.writers === 0 || into.length === 0 ? 0 : undefined;
    const count = Math.min(into.length, this.#count);
    const first = Math.min(count, CAPACITY - this.#start);
    into.set(this.#buffer.subarray(this.#start, this.#start + first));
    into.set(this.#buffer.subarray(0, count - first), first);
    this.#start = (this.#start + count) % CAPACITY;
    this.#count -= count;
    this.writable.wakeAll();
    return count;
  }

  /** Bytes written, a negative error number, or undefined when one has to wait. */
  write(bytes: Uint8Array): number | undefined {
    if (this.readers === 0) return -Errno.EPIPE;
    const room = CAPACITY - this.#count;
    if (bytes.length > 0 && (room === 0 || (bytes.length <= ATOMIC_WRITE && room < bytes.length))) return undefined;
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(CAPACITY);
    const count = Math.min(bytes.length, room);
    const end = (this.#start + this.#count) % CAPACITY;
    const first = Math.min(count, CAPACITY - end);
    this.#buffer.set(bytes.subarray(0, first), end);
    this.#buffer.set(bytes.subarray(first, count), 0);
    this.#count += count;
    this.readable.wakeAll();
    return count;
  }

  /** An end was opened or closed. */
  changeEnds(readers: number, writers: number): void {
    this.readers += readers;
    this.writers += writers;
    if (this.readers === 0) this.writable.wakeAll();
    if (this.writers === 0) this.readable.wakeAll();
    if (this.readers + this.writers === 0) this.#closed();
  }
}
