import type { Exit, HostClock, HostRunEnd, Vcpu } from '@worldswitch/contracts';
import type { Task } from './task.ts';

/** Turns in a row of which none retires an instruction or lets time pass, after which nothing more is expected of the tasks. */
const MAX_IDLE_TURNS = 100_000;

export interface SchedulerMetrics {
  readonly turns: number;
  /** Turns that another task had than the turn before. */
  readonly switches: number;
  /** Ticks that passed with nothing to run. */
  readonly idleTicks: number;
}

/**
 * A fair scheduler on one hart. The ready task that has run least has the next turn, of at most one slice; one that wakes up
 * starts level with the others, so that sleeping saves up nothing.
 */
export class Scheduler {
  readonly tasks = new Map<number, Task>();
  readonly #clock: HostClock;
  readonly #slice: number;
  #retired = 0;
  #floor = 0;
  #turns = 0;
  #switches = 0;
  #idleTicks = 0;
  #latest: Task | undefined;

  /** @param slice instructions of a turn, at most. */
  constructor(clock: HostClock, slice: number) {
    this.#clock = clock;
    this.#slice = slice;
  }

  /** Instructions retired by all tasks. */
  get retired(): number {
    return this.#retired;
  }
  get metrics(): SchedulerMetrics {
    return { turns: this.#turns, switches: this.#switches, idleTicks: this.#idleTicks };
  }

  add(task: Task): void {
    task.virtualRuntime = this.#floor;
    this.tasks.set(task.id, task);
  }

  wake(task: Task): void {
    if (task.state !== 'blocked') return;
    task.state = 'ready';
    task.deadline = Number.POSITIVE_INFINITY;
    task.virtualRuntime = Math.max(task.virtualRuntime, this.#floor);
  }

  /** A task runs a vcpu through this, so that what it retires is counted. */
  execute(task: Task, vcpu: Vcpu, maxInstructions: number): Exit {
    const exit = vcpu.run(maxInstructions);
    const { instructions } = vcpu.counters;
    const retired = instructions - task.retired;
    task.retired = instructions;
    task.virtualRuntime += retired;
    this.#retired += retired;
    return exit;
  }

  run(options: {
    maxInstructions: number;
    until?: (() => boolean) | undefined;
    group?: object | undefined;
  }): HostRunEnd {
    const end = this.#retired + options.maxInstructions;
    let idleTurns = 0;
    for (;;) {
      if (options.until?.()) return 'until';
      this.#wakeDue();
      const task = this.#next(options.group);
      if (task === undefined) {
        const deadline = this.#nextDeadline(options.group);
        if (deadline === undefined) return 'all-exited';
        if (deadline === Number.POSITIVE_INFINITY) return 'deadlock';
        if (this.#retired >= end) return 'budget';
        this.#idleTicks += deadline - this.#clock.now();
        this.#clock.advanceTo(deadline);
        continue;
      }
      if (this.#retired >= end) return 'budget';
      const before = this.#retired;
      this.#turn(task, end - before, options.group);
      idleTurns = this.#retired > before ? 0 : idleTurns + 1;
      if (idleTurns > MAX_IDLE_TURNS) return 'deadlock';
    }
  }

  #turn(task: Task, budget: number, group: object | undefined): void {
    this.#floor = Math.max(this.#floor, task.virtualRuntime);
    const deadline = this.#nextDeadline(group) ?? Number.POSITIVE_INFINITY;
    const untilDeadline =
      deadline === Number.POSITIVE_INFINITY ? deadline : Math.max(1, this.#clock.instructionsUntil(deadline));
    if (this.#latest !== task) this.#switches++;
    this.#latest = task;
    task.latestTurn = ++this.#turns;
    task.state = 'running';
    task.turn(Math.min(this.#slice, budget, untilDeadline));
    // The turn may have changed the state.
    if ((task.state as Task['state']) === 'running') task.state = 'ready';
  }

  #wakeDue(): void {
    const now = this.#clock.now();
    for (const task of this.tasks.values()) {
      if (task.state === 'blocked' && task.deadline <= now) this.wake(task);
    }
  }

  #next(group: object | undefined): Task | undefined {
    let best: Task | undefined;
    for (const task of this.tasks.values()) {
      if (task.state !== 'ready' || task.isPaused || (group !== undefined && task.group !== group)) continue;
      if (
        best === undefined ||
        task.virtualRuntime < best.virtualRuntime ||
        (task.virtualRuntime === best.virtualRuntime && task.latestTurn < best.latestTurn)
      ) {
        best = task;
      }
    }
    return best;
  }

  /** The earliest deadline of a sleeping task, Infinity if none has one, undefined if no task is left. */
  #nextDeadline(group: object | undefined): number | undefined {
    let next: number | undefined;
    for (const task of this.tasks.values()) {
      if (task.state === 'exited' || (group !== undefined && task.group !== group)) continue;
      const deadline = task.state === 'blocked' && !task.isPaused ? task.deadline : Number.POSITIVE_INFINITY;
      next = next === undefined ? deadline : Math.min(next, deadline);
    }
    return next;
  }

  /** A task gives up its turn: it comes after the others that are ready now. */
  stepBack(task: Task): void {
    let most = task.virtualRuntime;
    for (const other of this.tasks.values()) {
      if (other !== task && other.state === 'ready' && !other.isPaused) most = Math.max(most, other.virtualRuntime);
    }
    task.virtualRuntime = most;
  }
}
