import {
  type GuestPhysical,
  type HostKernel,
  type HostPhysical,
  PAGE_SIZE,
  type PhysicalMemory,
} from '@worldswitch/contracts';
import { VmmError } from '../vmm-error.ts';

/** Frames of 2 MiB: what one leaf of level 1 maps. */
const FRAMES_PER_CHUNK = 512;

/**
 * The guest's physical RAM: which machine frame stands behind each guest frame. Frames come from the host in chunks of 2 MiB,
 * contiguous and aligned where the host has such, so that large guest pages can be large shadow pages.
 */
export class GuestRam {
  readonly base: GuestPhysical;
  /** Bytes. */
  readonly size: number;
  readonly memory: PhysicalMemory;
  readonly firstFrame: number;
  readonly frameCount: number;
  /** Machine frame of each guest frame. */
  readonly #hostFrames: Uint32Array;
  readonly #isChunkContiguous: Uint8Array;
  readonly #host: HostKernel;

  /** @throws VmmError for a size that is no multiple of 2 MiB; what the host throws when it has not enough frames. */
  constructor(host: HostKernel, base: GuestPhysical, size: number) {
    const chunkBytes = FRAMES_PER_CHUNK * PAGE_SIZE;
    if (!Number.isSafeInteger(size) || size <= 0 || size % chunkBytes !== 0)
      throw new VmmError(`guest memory must be a multiple of 2 MiB, not ${size} bytes`);
    this.base = base;
    this.size = size;
    this.memory = host.memory;
    this.firstFrame = base / PAGE_SIZE;
    this.frameCount = size / PAGE_SIZE;
    this.#host = host;
    this.#hostFrames = new Uint32Array(this.frameCount);
    this.#isChunkContiguous = new Uint8Array(size / chunkBytes);
    let given = 0;
    try {
      for (; given < this.frameCount; given += FRAMES_PER_CHUNK) {
        this.#hostFrames.set(this.#allocateChunk(given / FRAMES_PER_CHUNK), given);
      }
    } catch (error) {
      host.freeFrames([...this.#hostFrames.subarray(0, given)]);
      throw error;
    }
  }

  #allocateChunk(chunk: number): readonly number[] {
    try {
      const frames = this.#host.allocateFrames(FRAMES_PER_CHUNK, { contiguous: true, alignment: FRAMES_PER_CHUNK });
      this.#isChunkContiguous[chunk] = 1;
      return frames;
    } catch {
      // Memory in pieces will do as well.
      return this.#host.allocateFrames(FRAMES_PER_CHUNK);
    }
  }

  /** Machine frame behind a guest frame, or -1 when the guest has no RAM there. */
  hostFrame(guestFrame: number): number {
    return this.#hostFrames[guestFrame - this.firstFrame] ?? -1;
  }

  /** Whether the 2 MiB that this guest frame lies in are contiguous and aligned in the machine, too. */
  isChunkContiguous(guestFrame: number): boolean {
    return this.#isChunkContiguous[Math.floor((guestFrame - this.firstFrame) / FRAMES_PER_CHUNK)] === 1;
  }

  contains(address: GuestPhysical, length: number): boolean {
    return address >= this.base && length >= 0 && address + length <= this.base + this.size;
  }

  /** Machine address of a guest-physical one that {@link contains} has accepted. */
  toHost(address: GuestPhysical): HostPhysical {
    return this.hostFrame(Math.floor(address / PAGE_SIZE)) * PAGE_SIZE + (address % PAGE_SIZE);
  }

  /** Copies in, page by page. The range is the caller's to check. */
  write(address: GuestPhysical, data: Uint8Array): void {
    for (let offset = 0; offset < data.length; ) {
      const length = Math.min(PAGE_SIZE - ((address + offset) % PAGE_SIZE), data.length - offset);
      this.memory.write(this.toHost(address + offset), data.subarray(offset, offset + length));
      offset += length;
    }
  }

  /** A copy. The range is the caller's to check. */
  read(address: GuestPhysical, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length; ) {
      const piece = Math.min(PAGE_SIZE - ((address + offset) % PAGE_SIZE), length - offset);
      bytes.set(this.memory.slice(this.toHost(address + offset), piece), offset);
      offset += piece;
    }
    return bytes;
  }

  /** The machine frames that are this guest's. */
  hostFrames(): Iterable<number> {
    return this.#hostFrames;
  }

  release(): void {
    this.#host.freeFrames([...this.#hostFrames]);
  }
}
