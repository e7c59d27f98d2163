import type { Device } from '../src/index.ts';
import { type Law, requireEqual, requireThat } from './law.ts';

export interface DeviceLawOptions {
  /** Registers whose value is not the device's alone to decide, such as a clock's: left out when states are compared. */
  readonly ignoredOffsets?: (offset: number) => boolean;
  /** Registers whose write leaves the device (a power switch): never written by the laws. */
  readonly unwritableOffsets?: (offset: number) => boolean;
}

const widths = [1, 2, 4] as const;
const values = [0, 1, 0xff, 0x55, 0xffff, 0x8000_0000, 0xffff_ffff, 0x1234_5678];

/**
 * What every memory-mapped device does, whatever it is for. What its registers mean is its own tests' business.
 * @param create gives a new one each time, with its environment (lines, memory, clock) attached.
 */
export function deviceLaws(create: () => Device, options: DeviceLawOptions = {}): Law[] {
  const isIgnored = options.ignoredOffsets ?? (() => false);
  const isUnwritable = options.unwritableOffsets ?? (() => false);

  /** Offsets to try: all of a small window, both ends of each 4 KiB of a large one. */
  const offsets = (device: Device) => {
    const all: number[] = [];
    for (let offset = 0; offset < device.size; offset++)
      if (device.size <= 8192 || offset % 4096 < 64 || offset % 4096 >= 4088) all.push(offset);
    return all;
  };
  const state = (device: Device) => {
    const registers: string[] = [];
    for (const offset of offsets(device))
      if (offset % 4 === 0 && offset + 4 <= device.size && !isIgnored(offset))
        registers.push(`${offset.toString(16)}=${device.read(offset, 4).toString(16)}`);
    return registers.join(' ');
  };
  /** Writes every value in every width to every register, as a hostile driver would. */
  const abuse = (device: Device) => {
    for (const value of values) {
      for (const offset of offsets(device)) {
        for (const width of widths) {
          const isWritable = ![0, 1, 2, 3].some((byte) => byte < width && isUnwritable(offset + byte));
          if (offset % width === 0 && offset + width <= device.size && isWritable)
            device.write(offset, width, value % 2 ** (8 * width));
        }
      }
    }
  };

  return [
    {
      name: 'it has a name and a window of whole words',
      check() {
        const device = create();
        requireThat(device.name.length > 0, 'a name');
        requireThat(device.size > 0 && device.size % 4 === 0, `a size that is a multiple of 4, not ${device.size}`);
      },
    },
    {
      name: 'each register reads as an unsigned value of the width asked for',
      check() {
        for (const prepare of [() => {}, abuse]) {
          const device = create();
          prepare(device);
          for (const offset of offsets(device))
            for (const width of widths) {
              if (offset % width !== 0 || offset + width > device.size) continue;
              const value = device.read(offset, width);
              requireThat(
                Number.isInteger(value) && value >= 0 && value < 2 ** (8 * width),
                `an unsigned value of ${width} bytes at offset 0x${offset.toString(16)}, not ${value}`,
              );
            }
        }
      },
    },
    {
      name: 'no write makes it throw',
      check() {
        const device = create();
        abuse(device);
        abuse(device);
      },
    },
    {
      name: 'reset brings back the state of a new one',
      check() {
        const device = create();
        abuse(device);
        device.reset();
        requireEqual(state(device), state(create()), 'registers after reset');
      },
    },
    {
      name: 'two devices share no state',
      check() {
        const first = create();
        const second = create();
        const before = state(second);
        abuse(first);
        requireEqual(state(second), before, 'registers of the other one');
      },
    },
  ];
}
