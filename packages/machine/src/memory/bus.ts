import type { Device } from '@worldswitch/contracts';
import { MachineError } from '../errors.ts';

/** A device at its place in the physical address space. */
export interface BusRegion {
  readonly base: number;
  readonly device: Device;
}

/** Finds the device at a physical address. RAM is not here: harts reach it directly. */
export class Bus {
  readonly #regions: BusRegion[] = [];
  #last: BusRegion | undefined;

  /** Throws MachineError when the window overlaps another. */
  attach(base: number, device: Device): void {
    for (const other of this.#regions) {
      if (base < other.base + other.device.size && other.base < base + device.size) {
        throw new MachineError(`${device.name} at 0x${base.toString(16)} overlaps ${other.device.name}`);
      }
    }
    this.#regions.push({ base, device });
  }

  get regions(): readonly BusRegion[] {
    return this.#regions;
  }

  /** The region that holds all of [address, address + length), or undefined. */
  find(address: number, length: number): BusRegion | undefined {
    const last = this.#last;
    if (last && address >= last.base && address + length <= last.base + last.device.size) return last;
    for (const region of this.#regions) {
      if (address >= region.base && address + length <= region.base + region.device.size) {
        this.#last = region;
        return region;
      }
    }
    return undefined;
  }

  reset(): void {
    for (const { device } of this.#regions) device.reset();
  }
}
