const NEWLINE = 10;
const CHUNK = 1024;

/** Gathers the bytes of a serial line into pieces: a line, 1 KiB, or what there is when someone asks. */
export class ConsoleBuffer {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(CHUNK);
  #length = 0;
  /** Bytes so far. */
  total = 0;
  /** Bytes before this number were written before, and are not written again. */
  muteUntil = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  put(byte: number): void {
    this.#bytes[this.#length++] = byte;
    this.total++;
    if (byte === NEWLINE || this.#length === CHUNK) this.flush();
  }

  flush(): void {
    if (this.#length === 0) return;
    const heard = Math.max(0, this.muteUntil - (this.total - this.#length));
    const piece = this.#bytes.slice(heard, this.#length);
    this.#length = 0;
    if (piece.length > 0) this.#write(piece);
  }
}
