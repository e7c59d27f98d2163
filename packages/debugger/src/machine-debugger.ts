import {
  type DebugHit,
  DebugPoints,
  type Machine,
  type RunEnd,
  type RunOptions,
  type StepGoal,
  type WatchKind,
} from '@worldswitch/machine';
import { type DebugHart, debugHartsOf } from './debug-hart.ts';
import { DebuggerError } from './debugger-error.ts';

/** What `advance` came to. */
export type Progress =
  /** The limits it was given are reached, or it waits for input (`idle`). */
  | { readonly kind: 'running'; readonly end: RunEnd }
  | { readonly kind: 'stopped'; readonly hart: DebugHart; readonly hit: DebugHit }
  /** Software switched the machine off, or it cannot go on. */
  | { readonly kind: 'ended'; readonly end: RunEnd };

export interface Watchpoint {
  readonly kind: WatchKind;
  /** Virtual, in [0, 2^64). */
  readonly address: bigint;
  /** Bytes. */
  readonly length: number;
}

/** What one resumption is to do. */
export interface Resumption {
  /** Stop when this hart has carried out one instruction or trap, or has left the range. The others run as they would. */
  readonly step?: { readonly hart: DebugHart; readonly range?: StepGoal['range'] };
}

/**
 * Stops a machine at breakpoints, watchpoints and steps, as many as are wanted. All are by virtual address, in whatever address
 * space; guest memory and the instruction stream stay as they are, and the machine runs at full speed where there is none.
 * One debugger a machine. Between `resume` and the next stop nothing may be changed.
 */
export class MachineDebugger {
  #machine: Machine;
  #harts: readonly DebugHart[];
  #points: DebugPoints;
  /** How often each was asked for. */
  readonly #breakpoints = new Map<bigint, number>();
  readonly #watchpoints = new Map<string, Watchpoint & { count: number }>();
  #arePointsStale = false;
  #appliedPoints = '';
  #stoppedAt: { readonly hart: DebugHart; readonly pc: bigint } | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#harts = debugHartsOf(machine);
    this.#points = new DebugPoints(this.#harts.map(({ vcpu }) => vcpu));
  }

  get machine(): Machine {
    return this.#machine;
  }
  get harts(): readonly DebugHart[] {
    return this.#harts;
  }

  /** Another machine takes the place of the one that was debugged: it was reset. All points stay. */
  replaceMachine(machine: Machine): void {
    this.#machine = machine;
    this.#harts = debugHartsOf(machine);
    this.#points = new DebugPoints(this.#harts.map(({ vcpu }) => vcpu));
    this.#stoppedAt = undefined;
    this.#appliedPoints = '';
    this.#arePointsStale = true;
    this.#applyPoints();
  }

  /** Throws DebuggerError when there is no such hart. */
  hart(id: number): DebugHart {
    const hart = this.harts.find((candidate) => candidate.id === id);
    if (!hart) throw new DebuggerError(`there is no hart ${id}; there are ${this.harts.length}`);
    return hart;
  }

  // ---- points ----

  addBreakpoint(address: bigint): void {
    this.#breakpoints.set(address, (this.#breakpoints.get(address) ?? 0) + 1);
    this.#arePointsStale = true;
  }

  removeBreakpoint(address: bigint): void {
    const count = this.#breakpoints.get(address) ?? 0;
    if (count > 1) this.#breakpoints.set(address, count - 1);
    else this.#breakpoints.delete(address);
    this.#arePointsStale = true;
  }

  addWatchpoint(watchpoint: Watchpoint): void {
    const key = keyOf(watchpoint);
    this.#watchpoints.set(key, { ...watchpoint, count: (this.#watchpoints.get(key)?.count ?? 0) + 1 });
    this.#arePointsStale = true;
  }

  removeWatchpoint(watchpoint: Watchpoint): void {
    const known = this.#watchpoints.get(keyOf(watchpoint));
    if (known && --known.count === 0) this.#watchpoints.delete(keyOf(watchpoint));
    this.#arePointsStale = true;
  }

  clearPoints(): void {
    this.#breakpoints.clear();
    this.#watchpoints.clear();
    this.#arePointsStale = true;
  }

  /** gdb takes all points away at each stop and puts them back: the machine hears of real changes only. */
  #applyPoints(): void {
    if (!this.#arePointsStale) return;
    this.#arePointsStale = false;
    const wanted = [...this.#breakpoints.keys(), ...this.#watchpoints.keys()].sort().join();
    if (wanted === this.#appliedPoints) return;
    this.#appliedPoints = wanted;
    this.#points.setBreakpoints(this.#breakpoints.keys());
    this.#points.setWatchpoints(this.#watchpoints.values());
  }

  // ---- running ----

  /** Prepares the machine for `advance`. */
  resume({ step }: Resumption = {}): void {
    this.#applyPoints();
    this.#points.hit = undefined;
    this.#points.setStep(step && { hart: step.hart.hart, ...(step.range && { range: step.range }) });
    // A breakpoint that has stopped a hart does not do so again before the hart has moved.
    const stopped = this.#stoppedAt;
    this.#points.resumeAt(stopped && stopped.hart.vcpu.pc === stopped.pc ? stopped.hart.hart : undefined);
    this.#stoppedAt = undefined;
  }

  /** Runs on within these limits, until something stops the machine. */
  advance(limits: RunOptions): Progress {
    const end = this.#machine.run(limits);
    const { hit } = this.#points;
    if (hit) {
      const hart = this.hart(hit.hart.id);
      this.#points.hit = undefined;
      this.#points.setStep(undefined);
      this.#stoppedAt = { hart, pc: hart.vcpu.pc };
      return { kind: 'stopped', hart, hit };
    }
    switch (end.reason) {
      case 'budget':
      case 'until':
      case 'idle':
        return { kind: 'running', end };
      case 'poweroff':
      case 'reset':
      case 'stuck':
        return { kind: 'ended', end };
      default:
        return end.reason satisfies never;
    }
  }

  /** Ends what `resume` began where the machine stands now. */
  halt(): void {
    this.#points.setStep(undefined);
    this.#points.hit = undefined;
  }

  /** Gives up all points; the machine runs on as if there had been no debugger. */
  detach(): void {
    this.clearPoints();
    this.#applyPoints();
    this.halt();
    this.#stoppedAt = undefined;
  }
}

/** A debugger for a machine that does not run at the moment. */
export function createDebugger(machine: Machine): MachineDebugger {
  return new MachineDebugger(machine);
}

const keyOf = ({ kind, address, length }: Watchpoint): string => `${kind} ${address} ${length}`;
