import { MachineError } from '../errors.ts';
import type { HartContext } from '../hart/hart-context.ts';

const NANOSECONDS_PER_TICK = 100;
/** Parts that a nanosecond is divided in, so that 1 to 8 harts can share it evenly. */
const PARTS_PER_NANOSECOND = 840;
export const PARTS_PER_TICK = NANOSECONDS_PER_TICK * PARTS_PER_NANOSECOND;
/** Nanoseconds that an instruction takes while one hart runs: about what compiled code does. */
export const DEFAULT_INSTRUCTION_TIME = 1;
/** That of QEMU's `-icount shift=10`. */
export const MAX_INSTRUCTION_TIME = 1024;
export const isInstructionTime = (time: number): boolean =>
  Number.isInteger(time) && time >= 1 && time <= MAX_INSTRUCTION_TIME;
/** Parts of time that an instruction takes while so many harts take turns. */
export const partsOf = (instructionTime: number, harts: number): number =>
  (instructionTime * PARTS_PER_NANOSECOND) / harts;

export type ClockState = {
  readonly ticks: number;
  readonly parts: number;
  readonly retired: number;
  /** Nanoseconds. */
  readonly instructionTime: number;
  readonly partsEach: number;
};

/**
 * The last time that an idle machine waits for: 28 years after 0. What it runs after that stays within 2^53, where numbers of ticks
 * end, for another month of its time.
 */
export const LAST_DEADLINE = 2 ** 53 - 2 ** 45;

/** See MachineClock.ahead. */
export interface ClockReading {
  ticks: number;
  parts: number;
  partsEach: number;
}

/**
 * Virtual time of a machine: what its harts retired, in whatever context, and what went by while all of them idled. Harts run by
 * turns and stand for harts that run side by side, so while n of them share the time, an instruction takes an n-th of its own.
 * All harts read the same clock, and it never goes back unless software sets it.
 */
export class MachineClock {
  #running: HartContext | undefined;
  /** Instructions that the running context had retired when the other fields were brought up to date. */
  #mark = 0;
  #ticks = 0;
  #parts = 0;
  #retired = 0;
  #instructionTime = DEFAULT_INSTRUCTION_TIME;
  #partsEach = partsOf(DEFAULT_INSTRUCTION_TIME, 1);
  /** Ticks that went by without running anything, in this process: no part of the machine's state. */
  idled = 0;

  save(): ClockState {
    this.#settle();
    return {
      ticks: this.#ticks,
      parts: this.#parts,
      retired: this.#retired,
      instructionTime: this.#instructionTime,
      partsEach: this.#partsEach,
    };
  }

  /** @param running any context that is restored already. */
  restore(state: ClockState, running: HartContext): void {
    this.#ticks = state.ticks;
    this.#parts = state.parts;
    this.#retired = state.retired;
    this.#instructionTime = state.instructionTime;
    this.#partsEach = state.partsEach;
    this.#running = running;
    this.#mark = running.instret;
  }

  /** Another context runs from now on. */
  follow(context: HartContext): void {
    if (this.#running === context) return;
    this.#settle();
    this.#running = context;
    this.#mark = context.instret;
  }

  /** Nanoseconds that an instruction takes, on a hart that is alone. */
  get instructionTime(): number {
    return this.#instructionTime;
  }

  /** Before anything runs: what an instruction takes while one hart runs, in nanoseconds. */
  setInstructionTime(nanoseconds: number): void {
    if (!isInstructionTime(nanoseconds)) {
      throw new MachineError(`an instruction takes 1 to ${MAX_INSTRUCTION_TIME} whole nanoseconds, not ${nanoseconds}`);
    }
    this.#settle();
    this.#instructionTime = nanoseconds;
    this.#partsEach = partsOf(nanoseconds, 1);
  }

  /** From now on so many harts take turns: 1 to 8. */
  share(harts: number): void {
    const partsEach = partsOf(this.#instructionTime, harts);
    if (partsEach === this.#partsEach) return;
    this.#settle();
    this.#partsEach = partsEach;
  }

  #sinceMark(): number {
    return this.#running === undefined ? 0 : this.#running.instret - this.#mark;
  }

  #settle(): void {
    const retired = this.#sinceMark();
    const parts = this.#parts + retired * this.#partsEach;
    this.#mark += retired;
    this.#retired += retired;
    this.#ticks += Math.floor(parts / PARTS_PER_TICK);
    this.#parts = parts % PARTS_PER_TICK;
  }

  /** Instructions that all harts retired. */
  get retired(): number {
    return this.#retired + this.#sinceMark();
  }

  /** Ticks. */
  now(): number {
    return this.#ticks + Math.floor((this.#parts + this.#sinceMark() * this.#partsEach) / PARTS_PER_TICK);
  }

  /** Instructions that `ahead` can look at. */
  get sight(): number {
    return Math.floor((2 ** 31 - PARTS_PER_TICK) / this.#partsEach);
  }

  /**
   * What the clock will read when the running context has retired so many instructions more, at most `sight`, in whole ticks and, as numbers below
   * 2^31, in parts to be added to them and parts that an instruction takes.
   */
  ahead(instructions: number, result: ClockReading): void {
    this.#settle();
    result.ticks = this.#ticks;
    result.parts = this.#parts + instructions * this.#partsEach;
    result.partsEach = this.#partsEach;
  }

  /** Instructions that the running hart retires before the clock reads `deadline`. */
  instructionsUntil(deadline: number): number {
    if (deadline === Number.POSITIVE_INFINITY) return deadline;
    const parts = (deadline - this.#ticks) * PARTS_PER_TICK - this.#parts;
    return Math.max(0, Math.ceil(parts / this.#partsEach) - this.#sinceMark());
  }

  /** Lets time pass without running anything. */
  advanceTo(deadline: number): void {
    if (!Number.isFinite(deadline)) throw new MachineError('the clock cannot be advanced without end');
    const ticks = Math.max(0, Math.ceil(deadline) - this.now());
    this.#ticks += ticks;
    this.idled += ticks;
  }

  /** Sets the time, forward or back; numbers beyond 2^53 are not held. */
  set(ticks: number): void {
    this.#ticks += ticks - this.now();
  }
}
