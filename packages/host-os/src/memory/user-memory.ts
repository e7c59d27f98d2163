import { PAGE_SIZE, type PhysicalMemory } from '@worldswitch/contracts';
import { type AddressSpace, USER_END } from './address-space.ts';
import { Protection } from './area.ts';

const MAX_STRING = 4096;

/** Whether [address, address + length) could be a user's. */
export function isUserRange(address: number, length: number): boolean {
  return address >= 0 && length >= 0 && address + length <= USER_END;
}

/**
 * How the kernel reaches a process's memory: every access is checked as if the process had made it, and pages come in on
 * demand. Undefined and false mean EFAULT. Throws HostOsError ENOMEM.
 */
export class UserMemory {
  readonly #memory: PhysicalMemory;
  readonly #decoder = new TextDecoder();

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  /** A copy. */
  read(space: AddressSpace, address: number, length: number): Uint8Array | undefined {
    if (!isUserRange(address, length)) return undefined;
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = address + done;
      const count = Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE));
      const physical = this.#physical(space, at, Protection.read);
      if (physical < 0) return undefined;
      bytes.set(this.#memory.slice(physical, count), done);
      done += count;
    }
    return bytes;
  }

  write(space: AddressSpace, address: number, bytes: Uint8Array): boolean {
    if (!isUserRange(address, bytes.length)) return false;
    for (let done = 0; done < bytes.length; ) {
      const at = address + done;
      const count = Math.min(bytes.length - done, PAGE_SIZE - (at % PAGE_SIZE));
      const physical = this.#physical(space, at, Protection.write);
      if (physical < 0) return false;
      this.#memory.write(physical, bytes.subarray(done, done + count));
      done += count;
    }
    return true;
  }

  /** A string that ends with a zero. `too-long` when there is no end in 4096 bytes. */
  readString(space: AddressSpace, address: number, longest = MAX_STRING): string | 'too-long' | undefined {
    const bytes: number[] = [];
    for (let at = address; bytes.length < longest; ) {
      if (!isUserRange(at, 1)) return undefined;
      const physical = this.#physical(space, at, Protection.read);
      if (physical < 0) return undefined;
      const view = this.#memory.slice(physical, Math.min(PAGE_SIZE - (at % PAGE_SIZE), longest - bytes.length));
      const end = view.indexOf(0);
      for (const byte of end < 0 ? view : view.subarray(0, end)) bytes.push(byte);
      if (end >= 0) return this.#decoder.decode(Uint8Array.from(bytes));
      at += view.length;
    }
    return 'too-long';
  }

  /** Unsigned, little endian; -1 for a bad address. */
  read32(space: AddressSpace, address: number): number {
    if (address % 4 === 0 && isUserRange(address, 4)) {
      const physical = this.#physical(space, address, Protection.read);
      return physical < 0 ? -1 : this.#memory.read32(physical);
    }
    const bytes = this.read(space, address, 4);
    return bytes === undefined ? -1 : new DataView(bytes.buffer).getUint32(0, true);
  }

  /** Unsigned; -1 for a bad address. Values above 2^53 lose their low bits. */
  read64(space: AddressSpace, address: number): number {
    const bytes = this.read(space, address, 8);
    return bytes === undefined ? -1 : Number(new DataView(bytes.buffer).getBigUint64(0, true));
  }

  write32(space: AddressSpace, address: number, value: number): boolean {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.write(space, address, bytes);
  }

  write64(space: AddressSpace, address: number, value: number): boolean {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    return this.write(space, address, bytes);
  }

  #physical(space: AddressSpace, address: number, access: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const frame = space.resolve(page, access);
    return frame < 0 ? -1 : frame * PAGE_SIZE + (address - page * PAGE_SIZE);
  }
}
