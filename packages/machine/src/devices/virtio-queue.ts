/** Split virtqueue, device side. Source: Virtual I/O Device (VIRTIO) Version 1.2, section 2.7 "Split Virtqueues". */
import type { DmaMemory } from '@worldswitch/contracts';

/** Descriptor flags (same, section 2.7.5). */
const Flag = { NEXT: 1, WRITE: 2 } as const;
const DESCRIPTOR_BYTES = 16;
/** Bytes of a chain (same, section 2.7.5.2): buffers may overlap, so RAM is no bound on their sum. */
const CHAIN_LIMIT = 2 ** 32;
/** Available ring flag: the driver wants no interrupt (same, section 2.7.6). */
const NO_INTERRUPT = 1;

/** One buffer of a request: guest memory that the device reads, or writes. */
export interface VirtBuffer {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly isWritable: boolean;
}

/** A chain of buffers that the driver made available. */
export interface VirtRequest {
  readonly head: number;
  readonly buffers: readonly VirtBuffer[];
}

type Part = 'descriptors' | 'available' | 'used';

export type VirtQueueState = {
  readonly isReady: boolean;
  readonly isBroken: boolean;
  readonly size: number;
  /** Addresses of descriptors, available ring and used ring: low halves, then high halves. */
  readonly addresses: readonly number[];
  readonly nextAvailable: number;
  readonly nextUsed: number;
};

const PARTS: readonly Part[] = ['descriptors', 'available', 'used'];

/**
 * Reads requests from guest memory and gives them back. All of it is the guest's to get wrong: anything outside memory, a loop of
 * descriptors, an index out of range or more requests than the ring holds makes the queue `isBroken` until it is reset, and nothing else.
 */
export class VirtQueue {
  readonly memory: DmaMemory;
  isReady = false;
  isBroken = false;
  readonly #sizeMax: number;
  #size = 0;
  readonly #low: Record<Part, number> = { descriptors: 0, available: 0, used: 0 };
  readonly #high: Record<Part, number> = { descriptors: 0, available: 0, used: 0 };
  #nextAvailable = 0;
  #nextUsed = 0;

  constructor(memory: DmaMemory, sizeMax: number) {
    this.memory = memory;
    this.#sizeMax = sizeMax;
  }

  reset(): void {
    this.isReady = this.isBroken = false;
    this.#size = this.#nextAvailable = this.#nextUsed = 0;
    for (const part of PARTS) this.#low[part] = this.#high[part] = 0;
  }

  save(): VirtQueueState {
    return {
      isReady: this.isReady,
      isBroken: this.isBroken,
      size: this.#size,
      addresses: [...PARTS.map((part) => this.#low[part]), ...PARTS.map((part) => this.#high[part])],
      nextAvailable: this.#nextAvailable,
      nextUsed: this.#nextUsed,
    };
  }

  restore(state: VirtQueueState): void {
    this.setSize(state.size);
    PARTS.forEach((part, index) => {
      this.setAddress(part, state.addresses[index]!, state.addresses[index + PARTS.length]!);
    });
    this.#nextAvailable = state.nextAvailable & 0xffff;
    this.#nextUsed = state.nextUsed & 0xffff;
    this.setReady(state.isReady);
    this.isBroken = state.isBroken;
  }

  /** Sizes are powers of two; others are ignored. */
  setSize(size: number): void {
    if (size > 0 && size <= this.#sizeMax && (size & (size - 1)) === 0) this.#size = size;
  }
  setReady(isReady: boolean): void {
    this.isReady = isReady && this.#size > 0;
  }
  setAddress(part: Part, low: number | undefined, high: number | undefined): void {
    if (low !== undefined) this.#low[part] = low >>> 0;
    if (high !== undefined) this.#high[part] = high >>> 0;
  }

  #address(part: Part): number {
    return this.#high[part] * 2 ** 32 + this.#low[part];
  }

  #view(address: number, length: number): DataView | undefined {
    const bytes = this.memory.view(address, length);
    if (!bytes) this.isBroken = true;
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next request, or undefined when there is none or the queue is broken. */
  take(): VirtRequest | undefined {
    if (!this.isReady || this.isBroken) return undefined;
    const available = this.#view(this.#address('available'), 4 + 2 * this.#size);
    if (!available) return undefined;
    const waiting = (available.getUint16(2, true) - this.#nextAvailable) & 0xffff;
    if (waiting === 0) return undefined;
    // The ring holds no more: a driver that counts further would have the device busy for as long as it likes.
    if (waiting > this.#size) return this.#break();
    const head = available.getUint16(4 + 2 * (this.#nextAvailable % this.#size), true);
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff;
    const table = this.#view(this.#address('descriptors'), this.#size * DESCRIPTOR_BYTES);
    if (!table) return undefined;
    const buffers: VirtBuffer[] = [];
    let index = head;
    let total = 0;
    for (;;) {
      if (index >= this.#size || buffers.length >= this.#size) return this.#break();
      const at = index * DESCRIPTOR_BYTES;
      const address = table.getUint32(at + 4, true) * 2 ** 32 + table.getUint32(at, true);
      const bytes = this.memory.view(address, table.getUint32(at + 8, true));
      if (!bytes) return this.#break();
      total += bytes.length;
      if (total > CHAIN_LIMIT) return this.#break();
      const flags = table.getUint16(at + 12, true);
      buffers.push({ address, bytes, isWritable: (flags & Flag.WRITE) !== 0 });
      if ((flags & Flag.NEXT) === 0) return { head, buffers };
      index = table.getUint16(at + 14, true);
    }
  }

  #break(): undefined {
    this.isBroken = true;
    return undefined;
  }

  /** Gives a request back. @param written bytes that the device wrote into its buffers. */
  give(request: VirtRequest, written: number): void {
    for (const { address, bytes, isWritable } of request.buffers) {
      if (isWritable) this.memory.noteWrite(address, bytes.length);
    }
    const address = this.#address('used');
    const used = this.#view(address, 4 + 8 * this.#size);
    if (!used) return;
    const at = 4 + 8 * (this.#nextUsed % this.#size);
    used.setUint32(at, request.head, true);
    used.setUint32(at + 4, written, true);
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
    used.setUint16(2, this.#nextUsed, true);
    this.memory.noteWrite(address, 4 + 8 * this.#size);
  }

  wantsInterrupt(): boolean {
    const available = this.#view(this.#address('available'), 4);
    return available !== undefined && (available.getUint16(0, true) & NO_INTERRUPT) === 0;
  }
}
