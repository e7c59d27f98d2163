import type { HostPhysical } from './address.ts';

/**
 * The machine's RAM as software that owns it sees it. Addresses are physical and begin at `base`. All accessors are little
 * endian, need natural alignment for widths 2 to 8, and throw a RangeError outside RAM: the caller owns the machine and must
 * have validated any address that came from a guest (`contains`).
 * Every write keeps translated code coherent; writing through `bytes` does not, and needs `noteWrite` after it.
 */
export interface PhysicalMemory {
  /** First physical address. */
  readonly base: HostPhysical;
  /** Bytes. */
  readonly size: number;
  /** RAM itself; index 0 is `base`. Stays valid for the machine's life. */
  readonly bytes: Uint8Array;
  contains(address: HostPhysical, length: number): boolean;
  read8(address: HostPhysical): number;
  read16(address: HostPhysical): number;
  /** Unsigned. */
  read32(address: HostPhysical): number;
  read64(address: HostPhysical): bigint;
  write8(address: HostPhysical, value: number): void;
  write16(address: HostPhysical, value: number): void;
  write32(address: HostPhysical, value: number): void;
  write64(address: HostPhysical, value: bigint): void;
  /** A view, not a copy. */
  slice(address: HostPhysical, length: number): Uint8Array;
  /** Copies `data` in. */
  write(address: HostPhysical, data: Uint8Array): void;
  fill(address: HostPhysical, length: number, value: number): void;
  /** Declares that [address, address + length) was changed through a view. */
  noteWrite(address: HostPhysical, length: number): void;
}
