/** Replies that say what went wrong; an empty one says that a packet is not known. */
export const errors = { malformed: 'E16', fault: 'E0e', thread: 'E03', register: 'E02', unsupported: '' } as const;

/** Bytes of a packet's contents at most, in both directions; told to gdb as PacketSize. */
export const MAX_PACKET = 0x4000;

const [DOLLAR, HASH, PLUS, MINUS, ESCAPE, STAR, INTERRUPT] = [0x24, 0x23, 0x2b, 0x2d, 0x7d, 0x2a, 0x03];

/** What comes over the line, one piece after the other (gdb manual, "Overview" of the remote protocol). */
export type Received =
  /** Contents with escapes undone, and whether the checksum was right. */
  | { readonly kind: 'packet'; readonly data: Uint8Array; readonly isIntact: boolean }
  | { readonly kind: 'acknowledged' | 'retransmit' | 'interrupt' };

/** Cuts a stream of bytes, however it arrives, into packets. Everything between packets that means nothing is passed over. */
export class PacketReader {
  #contents: number[] = [];
  #sum = 0;
  #state: 'outside' | 'inside' | 'escaped' | 'checksum' = 'outside';
  #digits = '';
  #isTooLong = false;

  *read(bytes: Uint8Array): Generator<Received> {
    for (const byte of bytes) {
      const received = this.#take(byte);
      if (received) yield received;
    }
  }

  #take(byte: number): Received | undefined {
    if (this.#state === 'outside') {
      if (byte === PLUS) return { kind: 'acknowledged' };
      if (byte === MINUS) return { kind: 'retransmit' };
      if (byte === INTERRUPT) return { kind: 'interrupt' };
      if (byte === DOLLAR) this.#begin();
      return undefined;
    }
    if (this.#state === 'checksum') {
      this.#digits += String.fromCharCode(byte);
      if (this.#digits.length < 2) return undefined;
      this.#state = 'outside';
      const isIntact =
        !this.#isTooLong && /^[0-9a-fA-F]{2}$/.test(this.#digits) && parseInt(this.#digits, 16) === this.#sum;
      return { kind: 'packet', data: Uint8Array.from(this.#contents), isIntact };
    }
    // A packet that was not finished is followed by its repetition.
    if (byte === DOLLAR && this.#state === 'inside') {
      this.#begin();
      return undefined;
    }
    if (byte === HASH && this.#state === 'inside') {
      this.#state = 'checksum';
      this.#digits = '';
      return undefined;
    }
    this.#sum = (this.#sum + byte) & 0xff;
    if (this.#state === 'inside' && byte === ESCAPE) this.#state = 'escaped';
    else {
      if (this.#contents.length >= MAX_PACKET) this.#isTooLong = true;
      else this.#contents.push(this.#state === 'escaped' ? byte ^ 0x20 : byte);
      this.#state = 'inside';
    }
    return undefined;
  }

  #begin(): void {
    this.#state = 'inside';
    this.#contents = [];
    this.#sum = 0;
    this.#isTooLong = false;
  }
}

/** A packet as it goes over the line. @param contents each character is one byte. */
export function encodePacket(contents: string): Uint8Array {
  const bytes: number[] = [DOLLAR];
  let sum = 0;
  const put = (byte: number): void => {
    bytes.push(byte);
    sum = (sum + byte) & 0xff;
  };
  for (let index = 0; index < contents.length; index++) {
    const byte = contents.charCodeAt(index) & 0xff;
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR) {
      put(ESCAPE);
      put(byte ^ 0x20);
    } else put(byte);
  }
  return Uint8Array.from([
    ...bytes,
    HASH,
    ...[...sum.toString(16).padStart(2, '0')].map((digit) => digit.charCodeAt(0)),
  ]);
}

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Undefined for what is no hexadecimal string of whole bytes. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!HEX.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

/** A 64-bit value in the target's byte order, as registers are told. */
export function registerHex(value: bigint): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return toHex(bytes);
}

/** The value of up to 8 bytes in the target's order; undefined for anything else. */
export function registerValue(text: string): bigint | undefined {
  const bytes = fromHex(text);
  if (!bytes || bytes.length === 0 || bytes.length > 8) return undefined;
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** A hexadecimal number in [0, 2^64); undefined for what is none. */
export function parseAddress(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** A hexadecimal number up to `limit`; undefined for what is none. */
export function parseNumber(text: string | undefined, limit = 0x7fff_ffff): number | undefined {
  const value = parseAddress(text);
  return value !== undefined && value <= BigInt(limit) ? Number(value) : undefined;
}
