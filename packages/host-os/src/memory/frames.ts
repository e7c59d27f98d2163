import { PAGE_SIZE, type PhysicalMemory } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';

export interface ContiguousOptions {
  readonly contiguous?: boolean;
  /** In frames, a power of two. */
  readonly alignment?: number;
}

/**
 * The machine's frames: 4 KiB pieces of RAM, named by physical page number, each with a count of its users. Frames are given
 * zeroed. Single ones come from the top of memory and contiguous ones from the bottom, so that large pieces stay whole.
 */
export class FrameAllocator {
  readonly total: number;
  readonly #memory: PhysicalMemory;
  readonly #first: number;
  readonly #references: Uint32Array;
  /** 1: it may hold old data. */
  readonly #isUsed: Uint8Array;
  /** Free frames by index; may also name frames that were taken as part of a contiguous piece. */
  readonly #stack: Uint32Array;
  readonly #isOnStack: Uint8Array;
  #stackSize = 0;
  #free: number;

  constructor(memory: PhysicalMemory, range: { readonly start: number; readonly end: number }) {
    this.#memory = memory;
    this.#first = Math.ceil(range.start / PAGE_SIZE);
    this.total = Math.max(0, Math.floor(range.end / PAGE_SIZE) - this.#first);
    this.#free = this.total;
    this.#references = new Uint32Array(this.total);
    this.#isUsed = new Uint8Array(this.total);
    this.#isOnStack = new Uint8Array(this.total);
    this.#stack = new Uint32Array(this.total);
    for (let index = 0; index < this.total; index++) this.#push(index);
  }

  get free(): number {
    return this.#free;
  }

  /** Throws HostOsError ENOMEM. */
  allocate(): number {
    while (this.#stackSize > 0) {
      const index = this.#stack[--this.#stackSize]!;
      this.#isOnStack[index] = 0;
      if (this.#references[index] !== 0) continue;
      this.#take(index, 1);
      return this.#first + index;
    }
    throw noMemory(1, this.#free);
  }

  /** Throws HostOsError ENOMEM, and takes nothing then. */
  allocateMany(count: number, options: ContiguousOptions = {}): number[] {
    if (!Number.isInteger(count) || count < 0) throw new HostOsError('EINVAL', `cannot allocate ${count} frames`);
    if (count > this.#free) throw noMemory(count, this.#free);
    if (!options.contiguous) return Array.from({ length: count }, () => this.allocate());
    const start = this.#findRun(count, options.alignment ?? 1);
    if (start < 0) throw noMemory(count, this.#free, ' in one piece');
    this.#take(start, count);
    return Array.from({ length: count }, (_, offset) => this.#first + start + offset);
  }

  /** One more user of a frame. */
  share(frame: number): void {
    this.#references[this.#index(frame)]!++;
  }

  references(frame: number): number {
    return this.#references[this.#index(frame)]!;
  }

  /** One user less; the last one frees it. True when it is free now. */
  release(frame: number): boolean {
    const index = this.#index(frame);
    if (--this.#references[index]! > 0) return false;
    this.#free++;
    this.#push(index);
    return true;
  }

  #index(frame: number): number {
    const index = frame - this.#first;
    if (!this.#references[index]) {
      throw new HostOsError('EINVAL', `frame 0x${frame.toString(16)} is not allocated`);
    }
    return index;
  }

  #push(index: number): void {
    if (this.#isOnStack[index]) return;
    this.#isOnStack[index] = 1;
    this.#stack[this.#stackSize++] = index;
  }

  #take(start: number, count: number): void {
    let isDirty = false;
    for (let index = start; index < start + count; index++) {
      this.#references[index] = 1;
      if (this.#isUsed[index]) isDirty = true;
      this.#isUsed[index] = 1;
    }
    this.#free -= count;
    if (isDirty) this.#memory.fill((this.#first + start) * PAGE_SIZE, count * PAGE_SIZE, 0);
  }

  #findRun(count: number, alignment: number): number {
    const align = (index: number) => Math.ceil((this.#first + index) / alignment) * alignment - this.#first;
    let start = align(0);
    for (let index = start; start + count <= this.total; ) {
      if (index === start + count) return start;
      if (this.#references[index] !== 0) {
        start = align(index + 1);
        index = start;
      } else index++;
    }
    return -1;
  }
}

function noMemory(count: number, free: number, how = ''): HostOsError {
  return new HostOsError('ENOMEM', `${count} frames${how} were asked for and ${free} are free`);
}
