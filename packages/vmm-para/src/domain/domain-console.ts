/** A domain's console: what it prints, up to a limit, and what was typed for it. */
export class DomainConsole {
  readonly #limit: number;
  readonly #onOutput: ((bytes: Uint8Array) => void) | undefined;
  #input: Uint8Array;
  #buffer = new Uint8Array(4096);
  #length = 0;
  #isFlooded = false;

  constructor(options: {
    readonly maxOutputBytes: number;
    readonly input?: Uint8Array;
    readonly onOutput?: (bytes: Uint8Array) => void;
  }) {
    this.#limit = options.maxOutputBytes;
    this.#input = options.input ?? new Uint8Array(0);
    this.#onOutput = options.onOutput;
  }

  /** More was printed than is allowed; what was over is lost. */
  get isFlooded(): boolean {
    return this.#isFlooded;
  }

  get hasInput(): boolean {
    return this.#input.length > 0;
  }

  write(bytes: Uint8Array): void {
    const room = this.#limit - this.#length;
    const kept = bytes.length > room ? bytes.slice(0, room) : bytes.slice();
    if (bytes.length > room) this.#isFlooded = true;
    if (kept.length === 0) return;
    if (this.#length + kept.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + kept.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(kept, this.#length);
    this.#length += kept.length;
    this.#onOutput?.(kept);
  }

  /** Takes at most this many bytes of the input. */
  read(maxBytes: number): Uint8Array {
    const taken = this.#input.subarray(0, maxBytes);
    this.#input = this.#input.subarray(taken.length);
    return taken;
  }

  output(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
