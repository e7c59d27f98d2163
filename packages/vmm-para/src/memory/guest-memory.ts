import type { PhysicalMemory } from '@worldswitch/contracts';
import { PteFlag, pteFrame } from '@worldswitch/mmu-tlb';

/** Bytes of the largest argument list that a hypercall takes in one go. */
export const STAGING_BYTES = 0x1_0000;

const highestHalf = 2 ** 52 - 2 ** 26;
const lowerHalf = 2 ** 26;

/**
 * The guest kernel's memory by virtual address, with the rights that its own page tables give: what a hypercall's pointers
 * mean. Lists are copied before they are looked at, so the guest cannot change them in between.
 */
export class GuestMemory {
  readonly #memory: PhysicalMemory;
  readonly #rootFrame: () => number;

  /** @param rootFrame machine frame of the kernel root that is in force. */
  constructor(memory: PhysicalMemory, rootFrame: () => number) {
    this.#memory = memory;
    this.#rootFrame = rootFrame;
  }

  /** Machine address of a virtual page, or -1 when it is not mapped with these PTE flags. The tables are validated ones. */
  translatePage(page: number, flags: number): number {
    if (page >= lowerHalf && page < highestHalf) return -1;
    const wanted = PteFlag.valid | PteFlag.user | flags;
    let table = this.#rootFrame();
    for (let level = 2; level > 0; level--) {
      const address = table * 4096 + (Math.floor(page / 512 ** level) % 512) * 8;
      const low = this.#memory.read32(address);
      if ((low & PteFlag.valid) === 0) return -1;
      table = pteFrame(low, this.#memory.read32(address + 4));
    }
    const address = table * 4096 + (page % 512) * 8;
    const low = this.#memory.read32(address);
    return (low & wanted) === wanted ? pteFrame(low, this.#memory.read32(address + 4)) * 4096 : -1;
  }

  /** Copies from the guest; false when part of it cannot be read. */
  copyIn(address: bigint, target: Uint8Array): boolean {
    return this.#eachPiece(address, target.length, PteFlag.read, (machineAddress, offset, length) => {
      target.set(this.#memory.slice(machineAddress, length), offset);
    });
  }

  /** Copies to the guest; false when part of it cannot be written. The part before it was. */
  copyOut(address: bigint, source: Uint8Array): boolean {
    return this.#eachPiece(address, source.length, PteFlag.write, (machineAddress, offset, length) => {
      this.#memory.write(machineAddress, source.subarray(offset, offset + length));
    });
  }

  #eachPiece(
    address: bigint,
    length: number,
    flags: number,
    visit: (machineAddress: number, offset: number, length: number) => void,
  ): boolean {
    let page = Number(address >> 12n);
    let inPage = Number(address & 0xfffn);
    for (let offset = 0; offset < length; ) {
      const frame = this.translatePage(page, flags);
      if (frame < 0) return false;
      const piece = Math.min(4096 - inPage, length - offset);
      visit(frame + inPage, offset, piece);
      offset += piece;
      page = (page + 1) % 2 ** 52;
      inPage = 0;
    }
    return true;
  }
}
