/**
 * Core-local interruptor for one hart: software interrupt and timer. Source: SiFive FU540-C000 manual v1p4, chapter 9 "Core-Local
 * Interruptor (CLINT)", table 23. mtime follows the machine's clock and cannot be set.
 */
import type { Device, InterruptLine } from '@worldswitch/contracts';

const Register = { msip: 0x0, mtimecmp: 0x4000, mtime: 0xbff8 } as const;

export interface ClintOptions {
  /** Ticks of mtime. */
  readonly now: () => number;
  readonly software: InterruptLine;
  /** mtimecmp changed: the timer interrupt is pending from that time on. */
  readonly setDeadline: (deadline: number) => void;
}

export type ClintState = {
  readonly isSoftwarePending: boolean;
  readonly compareLow: number;
  readonly compareHigh: number;
};

export function createClint({ now, software, setDeadline }: ClintOptions): Device {
  let isSoftwarePending = false;
  let compareLow = 0xffff_ffff;
  let compareHigh = 0xffff_ffff;

  const readWord = (offset: number): number => {
    switch (offset) {
      case Register.msip:
        return isSoftwarePending ? 1 : 0;
      case Register.mtimecmp:
        return compareLow;
      case Register.mtimecmp + 4:
        return compareHigh;
      case Register.mtime:
        return now() >>> 0;
      case Register.mtime + 4:
        return Math.floor(now() / 2 ** 32);
      default:
        return 0;
    }
  };
  return {
    name: 'clint',
    size: 0x1_0000,
    read(offset, width) {
      const shift = (offset & 3) * 8;
      const word = readWord(offset & ~3) >>> shift;
      return width === 4 ? word : word & (2 ** (width * 8) - 1);
    },
    write(offset, width, value) {
      if (width !== 4) return;
      switch (offset) {
        case Register.msip:
          isSoftwarePending = (value & 1) !== 0;
          software.set(isSoftwarePending);
          return;
        case Register.mtimecmp:
          compareLow = value >>> 0;
          break;
        case Register.mtimecmp + 4:
          compareHigh = value >>> 0;
          break;
        default:
          return;
      }
      setDeadline(compareHigh * 2 ** 32 + compareLow);
    },
    reset() {
      isSoftwarePending = false;
      software.set(false);
      compareLow = compareHigh = 0xffff_ffff;
      setDeadline(Number.POSITIVE_INFINITY);
    },
    save: (): ClintState => ({ isSoftwarePending, compareLow, compareHigh }),
    restore(state) {
      ({ isSoftwarePending, compareLow, compareHigh } = state as ClintState);
    },
  };
}
