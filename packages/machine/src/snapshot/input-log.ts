/** Where in a run the machine takes in bytes that were typed. */
export type InputPoint =
  /** Between two slices, or while all harts wait. */
  | 'poll'
  /** The built-in firmware was asked for a byte. */
  | 'firmware'
  /** A byte left the console in the middle of an instruction, and whoever saw it typed. */
  | 'output';

/** A point of a machine's run, by what it has counted. */
export interface Moment {
  readonly instructions: number;
  readonly time: number;
  readonly outputBytes: number;
}

interface Arrival extends Moment {
  readonly point: InputPoint;
  readonly bytes: Uint8Array;
}

/** What was typed, and exactly when: all that a run depends on besides what the machine was made of. */
export class InputLog {
  #arrivals: Arrival[] = [];
  /** The arrival that comes next when the run is repeated. */
  #next = 0;

  /** Bytes have arrived, after everything else in the log. */
  note(point: InputPoint, { instructions, time, outputBytes }: Moment, bytes: Uint8Array): void {
    this.#arrivals.push({ point, instructions, time, outputBytes, bytes: bytes.slice() });
    this.#next = this.#arrivals.length;
  }

  /** Arrivals so far: for `rewind`. */
  get position(): number {
    return this.#next;
  }

  rewind(position: number): void {
    this.#next = position;
  }

  /** Forgets what came after the present. */
  truncate(): void {
    this.#arrivals.length = this.#next;
  }

  /** What arrives now, in a run that is repeated. */
  take(point: InputPoint, now: Moment): Uint8Array | undefined {
    const next = this.#arrivals[this.#next];
    if (next?.point !== point) return undefined;
    const isNow =
      point === 'output'
        ? next.outputBytes === now.outputBytes
        : next.instructions === now.instructions && next.time === now.time;
    if (!isNow) return undefined;
    this.#next++;
    return next.bytes;
  }

  /** Time of the next arrival if the machine waits for it, which has retired so many instructions; Infinity otherwise. */
  awaitedAt(instructions: number): number {
    const next = this.#arrivals[this.#next];
    return next?.point === 'poll' && next.instructions === instructions ? next.time : Number.POSITIVE_INFINITY;
  }

  /** Something is still to arrive. */
  get hasNext(): boolean {
    return this.#next < this.#arrivals.length;
  }

  /** Instructions retired at which the run must be looked at for the next arrival; Infinity for none. */
  get nextStop(): number {
    const next = this.#arrivals[this.#next];
    return next && next.point !== 'output' ? next.instructions : Number.POSITIVE_INFINITY;
  }
}
