import type { Device, DmaMemory, InterruptLine } from '@worldswitch/contracts';
import { MachineError } from '../errors.ts';
import { RAM_BASE } from '../memory/memory-layout.ts';
import type { DeviceTimer } from './device-timers.ts';
import { memoryMap, PLIC_SOURCES, VIRTIO_SLOTS, virtioWindow, type Window } from './memory-map.ts';

/** What the board gives to a device. */
export interface DeviceConnection {
  /** Its wire to the PLIC; without a source number it leads nowhere. */
  readonly interrupt: InterruptLine;
  /** RAM, for devices that move data by themselves. */
  readonly memory: DmaMemory;
  /** Virtual time: ticks of 100 ns. */
  now(): number;
  /** A timer that calls `ring` once at the tick that it was set to, at the next boundary of instructions. */
  createTimer(ring: () => void): DeviceTimer;
}

/** A device of one's own on the board: it has a place on the bus, perhaps an interrupt, and a node in the device tree. */
export interface AddedDevice {
  /** Physical address of its window: a multiple of 4096 below RAM, where the board has nothing. */
  readonly base: number;
  /** Its source number at the PLIC: 1 to 95, but for those of the board. */
  readonly interrupt?: number;
  /** What drivers look for in the device tree. Default: `worldswitch,` and the device's name. */
  readonly compatible?: readonly string[];
  /** Called once, when the machine is made. What it does must follow from what the guest does and from `now`, or runs differ. */
  create(connection: DeviceConnection): Device;
}

/** An added device as the device tree tells of it. */
export interface PlacedDevice {
  readonly name: string;
  readonly window: Window;
  readonly compatible: readonly string[];
}

/** Source numbers of the board's own devices, by what they are. */
const ownSources: ReadonlyMap<number, string> = new Map([
  [memoryMap.uart0.interrupt, 'the UART'],
  [memoryMap.rtc.interrupt, 'the real-time clock'],
  ...Array.from({ length: VIRTIO_SLOTS }, (_, slot) => [virtioWindow(slot).interrupt, `virtio slot ${slot}`] as const),
]);

/**
 * Where the devices are, with their sources checked.
 * @throws {MachineError} for a window or a source number that a device cannot have.
 */
export function placeAdded(added: readonly AddedDevice[], devices: readonly Device[]): readonly PlacedDevice[] {
  const taken = new Map(ownSources);
  return added.map(({ base, interrupt, compatible }, index) => {
    const { name, size } = devices[index]!;
    const where = `the device ${name} at 0x${base.toString(16)}`;
    if (!Number.isInteger(base) || base < 0 || base % 4096 !== 0) {
      throw new MachineError(`${where}: expected a multiple of 4096`);
    }
    if (!Number.isInteger(size) || size < 1 || base + size > RAM_BASE) {
      throw new MachineError(
        `${where}: its ${size} bytes do not lie below RAM, which begins at 0x${RAM_BASE.toString(16)}`,
      );
    }
    if (interrupt !== undefined) {
      const other = taken.get(interrupt);
      if (other !== undefined) throw new MachineError(`${where}: ${other} has the interrupt ${interrupt}`);
      if (!Number.isInteger(interrupt) || interrupt < 1 || interrupt > PLIC_SOURCES) {
        throw new MachineError(`${where}: expected an interrupt from 1 to ${PLIC_SOURCES}, got ${interrupt}`);
      }
      taken.set(interrupt, name);
    }
    const window = { base, size, ...(interrupt !== undefined && { interrupt }) };
    return { name, window, compatible: compatible ?? [`worldswitch,${treeName(name)}`] };
  });
}

/** A name as nodes of device trees may have it (Devicetree Specification 0.4, section 2.2.1). */
export function treeName(name: string): string {
  return name.replace(/[^\w,.+-]/g, '-').slice(0, 31);
}
