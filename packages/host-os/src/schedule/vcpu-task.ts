import { type HostTask, InternalError, type TaskInfo, type VcpuTaskOwner } from '@worldswitch/contracts';
import type { Scheduler } from './scheduler.ts';
import { shownState, type Task } from './task.ts';

/** Runs of no instructions in a row that an owner may ask for before it is given one. */
const MAX_EMPTY_RUNS = 16;
/** Exits in a row without an instruction in between after which a turn is over, and counts as used up: others must run too. */
const MAX_EMPTY_EXITS = 1000;

/** A virtual machine as a task: the scheduler gives it turns, its owner deals with every exit. */
export class VcpuTask implements Task, HostTask {
  readonly id: number;
  readonly group = this;
  readonly owner: VcpuTaskOwner;
  readonly #scheduler: Scheduler;
  readonly #frames: () => number;
  state: Task['state'] = 'ready';
  isPaused = false;
  deadline = Number.POSITIVE_INFINITY;
  virtualRuntime = 0;
  latestTurn = 0;
  retired: number;
  #exitCode: number | undefined;

  /** @param frames machine frames that it holds. */
  constructor(id: number, owner: VcpuTaskOwner, scheduler: Scheduler, frames: () => number) {
    this.id = id;
    this.owner = owner;
    this.#scheduler = scheduler;
    this.#frames = frames;
    this.retired = owner.vcpu.counters.instructions;
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  turn(slice: number): void {
    const { owner } = this;
    const end = this.retired + slice;
    let emptyRuns = 0;
    let emptyExits = 0;
    while (this.state === 'running' && !this.isPaused) {
      const limit = Math.max(0, Math.min(end - this.retired, owner.instructionsUntilEvent()));
      const before = this.retired;
      const exit = this.#scheduler.execute(this, owner.vcpu, emptyRuns < MAX_EMPTY_RUNS ? limit : Math.max(1, limit));
      emptyRuns = this.retired === before && exit.kind === 'budget' ? emptyRuns + 1 : 0;
      emptyExits = this.retired === before ? emptyExits + 1 : 0;
      const disposition = owner.handleExit(exit);
      switch (disposition.action) {
        case 'resume':
          if (this.retired >= end) return;
          if (emptyExits >= MAX_EMPTY_EXITS) {
            this.virtualRuntime += slice;
            return;
          }
          break;
        case 'yield':
          this.#scheduler.stepBack(this);
          return;
        case 'block':
          // Whatever woke it while the exit was handled has been seen by the owner.
          this.state = 'blocked';
          this.deadline = disposition.deadline;
          return;
        case 'exit':
          this.kill(disposition.exitCode);
          return;
        default:
          disposition satisfies never;
          throw new InternalError('unknown disposition of an exit');
      }
    }
  }

  info(): TaskInfo {
    const { id, owner, exitCode } = this;
    return {
      id,
      parent: 0,
      name: owner.name,
      kind: owner.kind,
      state: shownState(this),
      instructions: this.retired,
      frames: this.#frames(),
      ...(exitCode === undefined ? {} : { exitCode }),
    };
  }

  wake(): void {
    this.#scheduler.wake(this);
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }

  kill(exitCode: number): void {
    if (this.state === 'exited') {
      this.#scheduler.tasks.delete(this.id);
      return;
    }
    this.state = 'exited';
    this.#exitCode = exitCode;
    this.owner.release?.();
  }
}
