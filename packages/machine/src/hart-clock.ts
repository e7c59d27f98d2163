import { MachineError } from './errors.ts';
import type { HartContext } from './hart-context.ts';

/** Instructions that retire in one tick of the 10 MHz clock. */
const INSTRUCTIONS_PER_TICK = 10;

export type ClockState = { readonly idleTicks: number; readonly retiredElsewhere: number };

/** Virtual time: what retired on the hart, in whatever context, and what went by while it idled. */
export class HartClock {
  #current: HartContext;
  #idleTicks = 0;
  #retiredElsewhere = 0;

  constructor(current: HartContext) {
    this.#current = current;
  }

  save(): ClockState {
    return { idleTicks: this.#idleTicks, retiredElsewhere: this.#retiredElsewhere };
  }

  /** @param current the context that runs, or ran last. */
  restore(state: ClockState, current: HartContext): void {
    this.#idleTicks = state.idleTicks;
    this.#retiredElsewhere = state.retiredElsewhere;
    this.#current = current;
  }

  /** Another context runs from now on. */
  follow(context: HartContext): void {
    this.#retiredElsewhere += this.#current.instret - context.instret;
    this.#current = context;
  }

  /** Instructions retired. */
  get retired(): number {
    return this.#retiredElsewhere + this.#current.instret;
  }

  /** Ticks. */
  now(): number {
    return Math.floor(this.retired / INSTRUCTIONS_PER_TICK) + this.#idleTicks;
  }

  /** Instructions that retire before the clock reads `deadline`. */
  instructionsUntil(deadline: number): number {
    if (deadline === Number.POSITIVE_INFINITY) return deadline;
    return Math.max(0, (deadline - this.#idleTicks) * INSTRUCTIONS_PER_TICK - this.retired);
  }

  /** Lets time pass without running anything. */
  advanceTo(deadline: number): void {
    if (!Number.isFinite(deadline)) throw new MachineError('the clock cannot be advanced without end');
    this.#idleTicks += Math.max(0, Math.ceil(deadline) - this.now());
  }
}
