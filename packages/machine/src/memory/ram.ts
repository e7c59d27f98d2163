import type { PhysicalMemory } from '@worldswitch/contracts';
import { DirtyPages } from './dirty-pages.ts';
import type { MachineMemory } from './machine-memory.ts';
import { RAM, RAM_BASE } from './memory-layout.ts';

/** Which frames of RAM hold decoded or translated code, and whom to tell when one of them is written. */
export class CodeFrames {
  /** By frame of RAM (0 is RAM_BASE): nonzero where code was decoded. */
  readonly isCode: Uint8Array;
  /** Called before a write into a code frame becomes visible to fetches; offsets are bytes in the frame. */
  onWrite: (frame: number, offset: number, length: number) => void = () => {};

  constructor(frames: number) {
    this.isCode = new Uint8Array(frames);
  }

  /** @param offset byte offset in RAM. */
  noteWrite(offset: number, length: number): void {
    const end = offset + length;
    for (let frame = Math.floor(offset / 4096); frame * 4096 < end; frame++) {
      if (this.isCode[frame] === 0) continue;
      const from = Math.max(offset - frame * 4096, 0);
      this.onWrite(frame, from, Math.min(end - frame * 4096, 4096) - from);
    }
  }
}

/** RAM for the software that owns the machine; see the contract for alignment, ranges and errors. */
export class Ram implements PhysicalMemory {
  readonly base = RAM_BASE;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly code: CodeFrames;
  readonly dirty: DirtyPages;
  readonly #view: DataView;

  constructor(memory: MachineMemory) {
    this.size = memory.ramSize;
    this.bytes = memory.u8.subarray(RAM, RAM + this.size);
    this.#view = new DataView(memory.wasm.buffer, RAM, this.size);
    this.code = new CodeFrames(this.size / 4096);
    this.dirty = new DirtyPages(this.size / 4096);
  }

  contains(address: number, length: number): boolean {
    return address >= RAM_BASE && length >= 0 && address + length <= RAM_BASE + this.size;
  }

  #offset(address: number, length: number): number {
    if (!this.contains(address, length) || (length <= 8 && address % length !== 0)) this.#reject(address, length);
    return address - RAM_BASE;
  }

  #range(address: number, length: number): number {
    if (!this.contains(address, length)) this.#reject(address, length);
    return address - RAM_BASE;
  }

  #reject(address: number, length: number): never {
    const end = (RAM_BASE + this.size).toString(16);
    throw new RangeError(
      `physical access of ${length} bytes at 0x${address.toString(16)}: misaligned or outside RAM 0x${RAM_BASE.toString(16)}..0x${end}`,
    );
  }

  #writable(address: number, length: number): number {
    const offset = this.#offset(address, length);
    const page = offset >>> 12;
    this.dirty.mark(page);
    if (this.code.isCode[page] !== 0) this.code.noteWrite(offset, length);
    return offset;
  }

  /** Bytes of RAM were or are about to be written, by whatever way. @param offset byte offset in RAM. */
  noteOffset(offset: number, length: number): void {
    this.dirty.markRange(offset, length);
    this.code.noteWrite(offset, length);
  }

  read8(address: number): number {
    return this.#view.getUint8(this.#offset(address, 1));
  }
  read16(address: number): number {
    return this.#view.getUint16(this.#offset(address, 2), true);
  }
  read32(address: number): number {
    return this.#view.getUint32(this.#offset(address, 4), true);
  }
  read64(address: number): bigint {
    return this.#view.getBigUint64(this.#offset(address, 8), true);
  }
  write8(address: number, value: number): void {
    this.#view.setUint8(this.#writable(address, 1), value);
  }
  write16(address: number, value: number): void {
    this.#view.setUint16(this.#writable(address, 2), value, true);
  }
  write32(address: number, value: number): void {
    this.#view.setUint32(this.#writable(address, 4), value, true);
  }
  write64(address: number, value: bigint): void {
    this.#view.setBigUint64(this.#writable(address, 8), value, true);
  }
  slice(address: number, length: number): Uint8Array {
    const offset = this.#range(address, length);
    return this.bytes.subarray(offset, offset + length);
  }
  write(address: number, data: Uint8Array): void {
    const offset = this.#range(address, data.length);
    this.bytes.set(data, offset);
    this.noteOffset(offset, data.length);
  }
  fill(address: number, length: number, value: number): void {
    const offset = this.#range(address, length);
    this.bytes.fill(value, offset, offset + length);
    this.noteOffset(offset, length);
  }
  noteWrite(address: number, length: number): void {
    this.noteOffset(this.#range(address, length), length);
  }
}
