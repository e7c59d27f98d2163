const TICKS_PER_MS = 1e4;
/** Virtual time may be this much ahead of the clock on the wall. */
const AHEAD_MS = 10;

/**
 * Holds a machine's time back to the clock on the wall, so that it waits as a real one does. What is held may be all of its virtual
 * time, or that alone which goes by while it idles: `ticks` are of the one that is meant, always the same.
 */
export class Pace {
  readonly #now: () => number;
  #wall: number;
  #ticks = 0;
  /** Milliseconds; negative while the machine has waited and its time not gone by yet. */
  #ahead = 0;

  /** @param now milliseconds of the clock on the wall. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#wall = now();
  }

  /** Ticks that may go by now. */
  allowance(ticks: number): number {
    this.#settle(ticks);
    return Math.max(0, Math.floor((AHEAD_MS - this.#ahead) * TICKS_PER_MS));
  }

  isAhead(ticks: number): boolean {
    this.#settle(ticks);
    return this.#ahead >= AHEAD_MS;
  }

  /** Milliseconds to wait before so many more ticks may go by. */
  delay(ticks: number): number {
    return Math.max(0, this.#ahead - AHEAD_MS + ticks / TICKS_PER_MS);
  }

  /** The machine ran, or was stopped: what it was slower than the clock it does not make up for by hurrying. */
  forget(ticks: number): void {
    this.#settle(ticks);
    this.#ahead = Math.max(0, this.#ahead);
  }

  #settle(ticks: number): void {
    const wall = this.#now();
    // A debugger may have gone back.
    this.#ahead += Math.max(0, ticks - this.#ticks) / TICKS_PER_MS - (wall - this.#wall);
    this.#wall = wall;
    this.#ticks = ticks;
  }
}
