import {
  createTimeline,
  type DebugHit,
  type DebugPoints,
  type Hart,
  type Machine,
  SnapshotError,
  type StepGoal,
  type Timeline,
  type TimelineOptions,
} from '@worldswitch/machine';

/** A moment of the run: instructions that retired before it, and those and traps together, which tell moments apart. */
interface Moment {
  readonly instructions: number;
  readonly events: number;
}

/** Something that a search back found: the moment to stand at, and why. */
interface Find {
  readonly moment: Moment;
  readonly hit: DebugHit;
}

/** What going back came to: a stop, or `beginning`: nothing earlier is recorded. */
export type ReverseEnd = { readonly kind: 'stopped'; readonly hit: DebugHit } | { readonly kind: 'beginning' };

export interface ReverseOptions {
  readonly machine: Machine;
  readonly points: DebugPoints;
  /** Puts the breakpoints and watchpoints that are wanted in place, or takes all away. */
  readonly arm: (isArmed: boolean) => void;
  readonly timeline?: TimelineOptions;
}

/** Instructions between two checkpoints: what is repeated at most before a search begins. */
const EVERY_INSTRUCTIONS = 1_000_000;
/** How far back a search looks first, and by how much farther each next time. */
const FIRST_WINDOW = 20_000;
const WINDOW_GROWTH = 8;
const MAX_WINDOW = 20_000_000;
/** Instructions before the present in which the events themselves are counted. */
const LAST_INSTRUCTIONS = 2;
/** Runs without any progress after which there will be none. */
const MAX_IDLE = 4;

/**
 * Goes back in a machine's run by repeating it from checkpoints: everything that happens follows from them and from the recorded
 * input, so what a debugger would have stopped at before is found by running with its points again.
 */
export class History {
  readonly #machine: Machine;
  readonly #points: DebugPoints;
  readonly #arm: ReverseOptions['arm'];
  readonly timeline: Timeline;

  /** Throws SnapshotError for a machine that cannot be recorded. */
  constructor({ machine, points, arm, timeline }: ReverseOptions) {
    this.#machine = machine;
    this.#points = points;
    this.#arm = arm;
    this.timeline = createTimeline(machine, { everyInstructions: EVERY_INSTRUCTIONS, ...timeline });
  }

  get #now(): Moment {
    return { instructions: this.timeline.position, events: this.#points.events };
  }

  /** Goes back to before the last instruction or trap of a hart. */
  step(hart: Hart): ReverseEnd {
    const now = this.#now;
    const nowOfHart = this.#points.eventsOf(hart);
    for (let window = LAST_INSTRUCTIONS; ; window *= 64) {
      const from = this.#seek(now.instructions - window);
      // How often the hart, stepped from there, stops before what it did last.
      let stops = this.#points.eventsOf(hart) < nowOfHart ? 0 : -1;
      for (let count = 1; stops >= 0 && this.#stepOnce(hart, now); count++) {
        if (this.#points.eventsOf(hart) < nowOfHart) stops = count;
      }
      if (stops >= 0) {
        this.#seek(from);
        for (let count = 0; count < stops; count++) this.#stepOnce(hart, now);
        return { kind: 'stopped', hit: { hart, kind: 'step', address: this.#pcOf(hart) } };
      }
      if (from === this.timeline.start) {
        this.#seek(from);
        return { kind: 'beginning' };
      }
    }
  }

  /**
   * Goes back to the last breakpoint or watchpoint before the present. Between two looks it gives control away; when it is ended
   * there, the machine stands where it has looked last.
   */
  *search(): Generator<undefined, ReverseEnd> {
    let to = this.#now;
    let from = to.instructions;
    let isDone = false;
    try {
      for (let window = FIRST_WINDOW; ; window = Math.min(window * WINDOW_GROWTH, MAX_WINDOW)) {
        from = this.#seek(to.instructions - window);
        const start = this.#now;
        const find = this.#lastBetween(to);
        if (find) {
          this.#goTo(find.moment);
          isDone = true;
          return { kind: 'stopped', hit: find.hit };
        }
        if (from === this.timeline.start) return { kind: 'beginning' };
        to = start;
        yield undefined;
      }
    } finally {
      if (!isDone) this.#seek(from);
    }
  }

  /** Goes to the first moment of a position, or of the earliest there is. */
  #seek(position: number): number {
    const target = Math.max(position, this.timeline.start);
    this.#quiet();
    this.timeline.seek(target);
    return target;
  }

  #quiet(): void {
    this.#arm(false);
    this.#points.setStep(undefined);
    this.#points.resumeAt(undefined);
    this.#points.hit = undefined;
  }

  /** Runs a stepped machine; gives the hit that ended it. */
  #run(step: StepGoal | undefined, maxInstructions: number): DebugHit | undefined {
    this.#points.hit = undefined;
    this.#points.setStep(step);
    this.#machine.run({ maxInstructions });
    this.#points.setStep(undefined);
    const hit = this.#points.takeHit();
    this.#points.resumeAt(hit?.hart);
    return hit;
  }

  /** Runs until a hart has done something; false when that would be at the end or after it. */
  #stepOnce(hart: Hart, end: Moment): boolean {
    const eventsOfHart = this.#points.eventsOf(hart);
    for (let idle = 0; this.#points.events < end.events && idle < MAX_IDLE; ) {
      const before = this.#points.events;
      const left = end.instructions - this.timeline.position;
      // Where no instruction is left before the end, whatever any hart does must not be followed by one.
      this.#run(left > 0 ? { hart } : {}, left > 0 ? left : LAST_INSTRUCTIONS);
      if (this.#points.eventsOf(hart) > eventsOfHart) return this.#points.events < end.events;
      idle = this.#points.events > before ? 0 : idle + 1;
    }
    return false;
  }

  /** Runs from the present to a later moment with all points in place, and keeps the last hit before it. */
  #lastBetween(to: Moment): Find | undefined {
    let find: Find | undefined;
    const keep = (hit: DebugHit | undefined): void => {
      if (!hit || hit.kind === 'step') return;
      const { instructions, events } = this.#now;
      // A watchpoint stops behind the access: going back, it is stopped before it.
      const isBehind = hit.kind !== 'breakpoint';
      const moment = isBehind ? { instructions: instructions - 1, events: events - 1 } : { instructions, events };
      if (moment.events < to.events) find = { moment, hit };
    };
    this.#arm(true);
    const almost = to.instructions - LAST_INSTRUCTIONS;
    for (let idle = 0; this.#points.events < to.events && idle < MAX_IDLE; ) {
      const before = this.#points.events;
      const left = almost - this.timeline.position;
      // The last instructions one by one: where so many have retired there is more than one moment.
      const hit = left > 0 ? this.#run(undefined, left) : this.#run({}, LAST_INSTRUCTIONS);
      const isBreakpoint = hit?.kind === 'step' && this.#points.holdsBreakpoint(hit.address);
      keep(hit && isBreakpoint ? { ...hit, kind: 'breakpoint' } : hit);
      idle = this.#points.events > before || hit ? 0 : idle + 1;
    }
    return find;
  }

  /** Goes to a moment that was seen. */
  #goTo({ instructions, events }: Moment): void {
    this.#seek(instructions);
    while (this.#points.events < events) {
      const before = this.#points.events;
      this.#run({}, LAST_INSTRUCTIONS);
      if (this.#points.events === before) throw new SnapshotError('timeline', 'the repeated run is not the same');
    }
    this.#points.hit = undefined;
  }

  /** Repeats what is recorded up to its end, so that nothing of it is done twice. */
  returnToPresent(): void {
    if (!this.timeline.isReplaying) return;
    this.#quiet();
    this.timeline.seek(this.timeline.end);
  }

  #pcOf(hart: Hart): bigint {
    return this.#machine.harts.find((each) => each.hart === hart)?.vcpu.pc ?? 0n;
  }

  dispose(): void {
    this.timeline.dispose();
  }
}
