/** What the guest printed, up to a limit. */
export class VirtualConsole {
  readonly #limit: number;
  readonly #onOutput: ((bytes: Uint8Array) => void) | undefined;
  #buffer = new Uint8Array(4096);
  #length = 0;
  /** Up to here it was given to `onOutput`. */
  #reported = 0;
  /** The guest printed more than the limit; what was over is lost. */
  isFlooded = false;

  constructor(limit: number, onOutput?: (bytes: Uint8Array) => void) {
    this.#limit = limit;
    this.#onOutput = onOutput;
  }

  put(byte: number): void {
    if (this.#length >= this.#limit) {
      this.isFlooded = true;
      return;
    }
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.#length++] = byte;
    // Listeners hear of whole lines, or of what there is when a slice ends.
    if (byte === 10) this.flush();
  }

  flush(): void {
    if (this.#reported === this.#length) return;
    const piece = this.#buffer.slice(this.#reported, this.#length);
    this.#reported = this.#length;
    this.#onOutput?.(piece);
  }

  output(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}
