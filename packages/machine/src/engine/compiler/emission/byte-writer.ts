/**
 * Buffers that nobody uses, by the logarithm of their size. Code is encoded for as long as a machine runs, in buffers of all sizes that
 * would live until JavaScript's heap is collected: the process's allocator keeps what it gets back in pieces like that.
 */
const spare: Uint8Array<ArrayBuffer>[][] = [];
let spareBytes = 0;
const MOST_SPARE_BYTES = 4 << 20;
const SMALLEST = 1024;
const nothing = new Uint8Array(0);

function takeBuffer(size: number): Uint8Array<ArrayBuffer> {
  const logarithm = 32 - Math.clz32(Math.max(size, SMALLEST) - 1);
  const buffer = spare[logarithm]?.pop();
  if (!buffer) return new Uint8Array(2 ** logarithm);
  spareBytes -= buffer.length;
  return buffer;
}

function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length === 0 || spareBytes + buffer.length > MOST_SPARE_BYTES) return;
  spareBytes += buffer.length;
  const logarithm = 31 - Math.clz32(buffer.length);
  spare[logarithm] ??= [];
  spare[logarithm].push(buffer);
}

/** A growing byte string with the binary format's integers. */
export class ByteWriter {
  #bytes = takeBuffer(SMALLEST);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const full = this.#bytes;
    this.#bytes = takeBuffer(Math.max(full.length * 2, this.#length + count));
    this.#bytes.set(full);
    giveBuffer(full);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  append(other: ByteWriter): void {
    this.#reserve(other.#length);
    this.#bytes.set(other.view(), this.#length);
    this.#length += other.#length;
  }

  /** Unsigned LEB128 of a 32-bit number. */
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a number in [-2^31, 2^31). */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit value; a bigint is taken modulo 2^64. */
  signed64(value: number | bigint): void {
    if (typeof value === 'number') {
      if (value === (value | 0)) {
        this.signed(value);
        return;
      }
      this.signed64(BigInt(value));
      return;
    }
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40)) {
        this.byte(low);
        return;
      }
      this.byte(low | 0x80);
    }
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i) & 0x7f);
  }

  /** What was written, until more is. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Gives the buffer to the next who writes. There is nothing in this one then. */
  release(): void {
    giveBuffer(this.#bytes);
    this.#bytes = nothing;
    this.#length = 0;
  }
}
