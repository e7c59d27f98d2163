import type { Hart, SliceEnd } from '../hart/hart.ts';
import { CsrSlot } from '../hart/hart-context.ts';
import { nextDeadline, pendingInterrupts } from '../hart/interrupts.ts';
import type { HostedVcpu } from '../hosted/vcpu.ts';
import type { HartGroup } from './hart-group.ts';

/** Instructions that a hart of several runs before the next one has its turn: 10 µs of its own. */
const QUANTUM = 10_000;

/** What a hart does, in the words of SBI hart state management. */
export type HartStatus = 'started' | 'stopped' | 'suspended';

/** A hart with its place in the schedule. */
export interface ScheduledHart {
  readonly hart: Hart;
  /** Its register context. */
  readonly vcpu: HostedVcpu;
  readonly state: HartStatus;
  /** It waits for an interrupt that is enabled in mie. */
  readonly isWaiting: boolean;
}

export type HartScheduleState = {
  readonly turn: number;
  /** -1: without end. */
  readonly left: number;
  readonly harts: readonly { readonly state: HartStatus; readonly isWaiting: boolean }[];
};

interface Entry extends ScheduledHart {
  state: HartStatus;
  isWaiting: boolean;
}

/**
 * Whose turn it is. Harts run round-robin in the order of their numbers, QUANTUM instructions each (alone, a hart is
 * never interrupted); one that waits, is stopped or
 * yields gives the rest of its turn to the next. A round's harts share the time (see MachineClock). Everything follows from what
 * the harts did, and nothing from where the runs of the machine begin and end.
 */
export class HartSchedule {
  readonly #group: HartGroup;
  readonly #entries: readonly Entry[];
  /** The hart whose turn it is, and the instructions that are left of its turn. */
  #turn: number;
  #left = 0;

  constructor(vcpus: readonly HostedVcpu[]) {
    this.#entries = vcpus.map((vcpu) => ({ hart: vcpu.hart, vcpu, state: 'started', isWaiting: false }));
    this.#group = vcpus[0]!.hart.group;
    this.#turn = vcpus.length - 1;
  }

  get harts(): readonly ScheduledHart[] {
    return this.#entries;
  }

  /** The hart whose turn it is; undefined when none can run. */
  next(): ScheduledHart | undefined {
    const current = this.#entries[this.#turn]!;
    if (current.hart.isYieldRequested) this.#left = 0;
    current.hart.isYieldRequested = false;
    if (this.#left > 0 && this.#isReady(current)) return current;
    // Others may store to what it has reserved.
    if (this.#entries.length > 1) current.hart.dropReservation();
    for (let turn = this.#turn + 1; turn < this.#entries.length; turn++) {
      if (this.#isReady(this.#entries[turn]!)) return this.#begin(turn);
    }
    this.#left = 0;
    const ready = this.#entries.filter((entry) => this.#isReady(entry));
    if (ready.length === 0) return undefined;
    this.#group.clock.share(ready.length);
    return this.#begin(this.#entries.indexOf(ready[0]!));
  }

  #begin(turn: number): ScheduledHart {
    this.#turn = turn;
    this.#left = this.#entries.length === 1 ? Number.POSITIVE_INFINITY : QUANTUM;
    return this.#entries[turn]!;
  }

  #isReady(entry: Entry): boolean {
    if (entry.state === 'stopped') return false;
    if (!entry.isWaiting) return true;
    const { context } = entry.vcpu;
    // Interrupts enabled in mie wake it whatever the global enables say (privileged ISA, "Wait for Interrupt").
    if ((pendingInterrupts(entry.hart, context) & context.csrLow(CsrSlot.mie)) === 0) return false;
    entry.isWaiting = false;
    entry.state = 'started';
    return true;
  }

  /** Instructions that the hart whose turn it is may run at most. */
  get left(): number {
    return this.#left;
  }

  /** The hart whose turn it is has run a slice of at most `limit` instructions. */
  ran(retired: number, limit: number, end: SliceEnd): void {
    this.#left -= retired;
    if (end === 'wait') this.wait(this.#turn);
    if (end === 'wait' || (end === 'budget' && retired < limit)) this.#left = 0;
  }

  /** A hart has executed WFI. */
  wait(hart: number): void {
    this.#entries[hart]!.isWaiting = true;
  }

  /** The next time at which a timer calls a device or raises an interrupt of a hart that is not stopped; Infinity for none. */
  nextDeadline(): number {
    let { deadline } = this.#group.timers;
    for (const { hart, vcpu, state } of this.#entries) {
      if (state !== 'stopped') deadline = Math.min(deadline, nextDeadline(hart, vcpu.context));
    }
    return deadline;
  }

  save(): HartScheduleState {
    return {
      turn: this.#turn,
      left: Number.isFinite(this.#left) ? this.#left : -1,
      harts: this.#entries.map(({ state, isWaiting }) => ({ state, isWaiting })),
    };
  }

  restore(state: HartScheduleState): void {
    this.#turn = state.turn;
    this.#left = state.left < 0 ? Number.POSITIVE_INFINITY : state.left;
    for (const [index, entry] of this.#entries.entries()) Object.assign(entry, state.harts[index]);
  }

  // ---- hart state management (firmware) ----

  /** A stopped hart runs in the next round, from wherever its context stands. */
  start(hart: number): void {
    const entry = this.#entries[hart]!;
    entry.state = 'started';
    entry.isWaiting = false;
  }

  stop(hart: number): void {
    this.#entries[hart]!.state = 'stopped';
  }

  /** It waits for an interrupt as after WFI, and says so when asked for its state. */
  suspend(hart: number): void {
    const entry = this.#entries[hart]!;
    entry.state = 'suspended';
    entry.isWaiting = true;
  }
}
