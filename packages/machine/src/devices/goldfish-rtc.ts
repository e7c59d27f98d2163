/**
 * Goldfish real-time clock: nanoseconds since 1970, and an alarm. Source: Android goldfish virtual hardware specification,
 * "Goldfish real-time clock", with the write to the time that QEMU's hw/rtc/goldfish_rtc.c adds for Linux.
 */
import type { Device, InterruptLine } from '@worldswitch/contracts';

const Register = {
  timeLow: 0x00,
  timeHigh: 0x04,
  alarmLow: 0x08,
  alarmHigh: 0x0c,
  irqEnabled: 0x10,
  clearAlarm: 0x14,
  alarmStatus: 0x18,
  clearInterrupt: 0x1c,
} as const;

const NANOSECONDS_PER_TICK = 100n;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const LOW = 0xffff_ffffn;

export interface GoldfishRtcOptions {
  /** Ticks of the machine's clock (10 MHz). */
  readonly now: () => number;
  /** Time of day at tick 0: milliseconds since 1970-01-01 UTC. */
  readonly startTime: number;
  readonly interrupt: InterruptLine;
  /** Arms the machine's timer: `ring` is to be called at a tick, Infinity for never. */
  readonly createTimer: (ring: () => void) => { set(deadline: number): void };
}

export type GoldfishRtcState = {
  /** 64-bit numbers in hexadecimal. */
  readonly offset: string;
  readonly latched: number;
  readonly alarm: string;
  readonly alarmHigh: number;
  readonly isArmed: boolean;
  readonly isPending: boolean;
  readonly isEnabled: boolean;
  /** Tick at which the alarm goes off; -1 for none. */
  readonly deadline: number;
};

export function createGoldfishRtc({ now, startTime, interrupt, createTimer }: GoldfishRtcOptions): Device {
  const start = BigInt(Math.floor(startTime)) * NANOSECONDS_PER_MILLISECOND;
  /** Nanoseconds at tick 0, modulo 2^64. */
  let offset = start;
  /** High half of the time as it was when the low half was read. */
  let latched = 0;
  let alarm = 0n;
  let alarmHigh = 0;
  let isArmed = false;
  let isPending = false;
  let isEnabled = false;

  const time = () => BigInt.asUintN(64, offset + BigInt(now()) * NANOSECONDS_PER_TICK);
  const update = () => interrupt.set(isPending && isEnabled);
  const ring = () => {
    if (!isArmed) return;
    isArmed = false;
    deadline = Number.POSITIVE_INFINITY;
    isPending = true;
    update();
  };
  const timer = createTimer(ring);
  let deadline = Number.POSITIVE_INFINITY;
  const setTimer = (tick: number) => {
    // Time does not go further.
    deadline = tick <= Number.MAX_SAFE_INTEGER ? tick : Number.POSITIVE_INFINITY;
    timer.set(deadline);
  };
  const arm = () => {
    if (!isArmed) return setTimer(Number.POSITIVE_INFINITY);
    const wait = alarm - time();
    if (wait <= 0n) ring();
    else setTimer(now() + Number((wait + NANOSECONDS_PER_TICK - 1n) / NANOSECONDS_PER_TICK));
  };
  const setTime = (value: bigint) => {
    offset += value - time();
    arm();
  };

  return {
    name: 'goldfish-rtc',
    size: 0x1000,
    read(register, width) {
      if (width !== 4) return 0;
      switch (register) {
        case Register.timeLow: {
          const value = time();
          latched = Number(value >> 32n);
          return Number(value & LOW);
        }
        case Register.timeHigh:
          return latched;
        case Register.alarmLow:
          return Number(alarm & LOW);
        case Register.alarmHigh:
          return alarmHigh;
        case Register.irqEnabled:
          return isEnabled ? 1 : 0;
        case Register.alarmStatus:
          return isArmed ? 1 : 0;
        default:
          return 0;
      }
    },
    write(register, width, value) {
      if (width !== 4) return;
      const word = BigInt(value >>> 0);
      switch (register) {
        case Register.timeLow:
          return setTime((time() & ~LOW) | word);
        case Register.timeHigh:
          return setTime((time() & LOW) | (word << 32n));
        case Register.alarmLow:
          alarm = (BigInt(alarmHigh) << 32n) | word;
          isArmed = true;
          return arm();
        case Register.alarmHigh:
          alarmHigh = value >>> 0;
          return;
        case Register.irqEnabled:
          isEnabled = (value & 1) !== 0;
          return update();
        case Register.clearAlarm:
          isArmed = false;
          return arm();
        case Register.clearInterrupt:
          isPending = false;
          return update();
      }
    },
    reset() {
      offset = start;
      latched = alarmHigh = 0;
      alarm = 0n;
      isArmed = isPending = isEnabled = false;
      arm();
      update();
    },
    save: (): GoldfishRtcState => ({
      offset: BigInt.asUintN(64, offset).toString(16),
      alarm: alarm.toString(16),
      ...{ latched, alarmHigh, isArmed, isPending, isEnabled },
      deadline: Number.isFinite(deadline) ? deadline : -1,
    }),
    restore(state) {
      const saved = state as GoldfishRtcState;
      offset = BigInt(`0x${saved.offset}`);
      alarm = BigInt(`0x${saved.alarm}`);
      ({ latched, alarmHigh, isArmed, isPending, isEnabled } = saved);
      setTimer(saved.deadline < 0 ? Number.POSITIVE_INFINITY : saved.deadline);
    },
  };
}
