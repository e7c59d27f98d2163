import type { Device, GuestPhysical } from '@worldswitch/contracts';

interface Window {
  readonly base: GuestPhysical;
  readonly size: number;
  readonly device: Device;
}

/** The devices that a guest sees, by guest-physical address. */
export class VirtualBus {
  readonly #windows: Window[] = [];

  attach(base: GuestPhysical, device: Device): void {
    this.#windows.push({ base, size: device.size, device });
  }

  /** Whether all of [address, address + length) belongs to one device. */
  has(address: GuestPhysical, length: number): boolean {
    return this.#find(address, length) !== undefined;
  }

  /** Whether a part of the page belongs to a device. */
  hasPage(frame: number): boolean {
    const start = frame * 4096;
    return this.#windows.some(({ base, size }) => base < start + 4096 && start < base + size);
  }

  /** {@link has} is true. An access of 8 bytes is two of 4. */
  read(address: GuestPhysical, width: 1 | 2 | 4): number {
    const window = this.#find(address, width)!;
    return window.device.read(address - window.base, width) >>> 0;
  }

  write(address: GuestPhysical, width: 1 | 2 | 4, value: number): void {
    const window = this.#find(address, width)!;
    window.device.write(address - window.base, width, value);
  }

  /** `uart16550 + 0x5`. {@link has} is true. */
  describe(address: GuestPhysical): string {
    const window = this.#find(address, 1)!;
    return `${window.device.name} + 0x${(address - window.base).toString(16)}`;
  }

  #find(address: GuestPhysical, length: number): Window | undefined {
    for (const window of this.#windows) {
      if (address >= window.base && address + length <= window.base + window.size) return window;
    }
    return undefined;
  }
}
