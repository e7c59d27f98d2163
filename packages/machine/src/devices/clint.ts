/**
 * Core-local interruptor: software interrupts and timers of machine mode. Source: SiFive FU540-C000 manual v1p4, chapter 9
 * "Core-Local Interruptor (CLINT)", table 23; the same registers are the MSWI and MTIMER devices of the RISC-V Advanced Core
 * Local Interruptor Specification. mtime follows the machine's clock; software may set it, for all harts.
 */
import type { Device, InterruptLine } from '@worldswitch/contracts';

/** One msip word and one mtimecmp doubleword a hart. */
const Register = { msip: 0x0, mtimecmp: 0x4000, mtime: 0xbff8 } as const;

export interface ClintHart {
  readonly software: InterruptLine;
  /** mtimecmp changed: the timer interrupt is pending from that time on. */
  readonly setDeadline: (deadline: number) => void;
}

export type ClintState = { readonly isSoftwarePending: readonly number[]; readonly compare: readonly number[] };

export interface ClintOptions {
  /** Ticks of mtime, below 2^53. */
  readonly now: () => number;
  /** Software sets mtime. What it writes to bits 63:52 is dropped: from there on time has 14 years to pass. */
  readonly setTime: (ticks: number) => void;
  readonly harts: readonly ClintHart[];
}

const HIGH_BITS = 0xf_ffff;

export function createClint({ now, setTime, harts }: ClintOptions): Device {
  const isSoftwarePending = new Uint8Array(harts.length);
  /** Low and high word of each hart. */
  const compare = new Uint32Array(harts.length * 2).fill(0xffff_ffff);

  const readWord = (offset: number): number => {
    if (offset === Register.mtime) return now() >>> 0;
    if (offset === Register.mtime + 4) return Math.floor(now() / 2 ** 32);
    if (offset >= Register.mtimecmp) return compare[(offset - Register.mtimecmp) >> 2] ?? 0;
    return isSoftwarePending[offset >> 2] ?? 0;
  };
  const writeTime = (isHigh: boolean, value: number) => {
    const time = now();
    const low = isHigh ? time >>> 0 : value >>> 0;
    const high = isHigh ? value & HIGH_BITS : Math.floor(time / 2 ** 32);
    setTime(high * 2 ** 32 + low);
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
      if (offset >= Register.mtime) {
        writeTime(offset > Register.mtime, value);
      } else if (offset >= Register.mtimecmp) {
        const index = (offset - Register.mtimecmp) >> 2;
        const hart = harts[index >> 1];
        if (!hart) return;
        compare[index] = value;
        hart.setDeadline(compare[index | 1]! * 2 ** 32 + compare[index & ~1]!);
      } else {
        const index = offset >> 2;
        const hart = harts[index];
        if (!hart) return;
        isSoftwarePending[index] = value & 1;
        hart.software.set((value & 1) !== 0);
      }
    },
    reset() {
      isSoftwarePending.fill(0);
      compare.fill(0xffff_ffff);
      for (const { software, setDeadline } of harts) {
        software.set(false);
        setDeadline(Number.POSITIVE_INFINITY);
      }
    },
    save: (): ClintState => ({ isSoftwarePending: [...isSoftwarePending], compare: [...compare] }),
    restore(state) {
      const saved = state as ClintState;
      isSoftwarePending.set(saved.isSoftwarePending);
      compare.set(saved.compare);
    },
  };
}
