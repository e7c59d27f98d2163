import {
  type DebugHit,
  DebugPoints,
  type Machine,
  type RunEnd,
  type RunOptions,
  SnapshotError,
  type StepGoal,
  type TimelineOptions,
  type WatchKind,
} from '@worldswitch/machine';
import { type DebugHart, debugHartsOf } from './debug-hart.ts';
import { DebuggerError } from './debugger-error.ts';
import { History, type ReverseEnd } from './reverse.ts';

/** What `advance` came to. */
export type Progress =
  /** The limits it was given are reached, or it waits for input (`idle`). */
  | { readonly kind: 'running'; readonly end: RunEnd }
  | { readonly kind: 'stopped'; readonly hart: DebugHart; readonly hit: DebugHit }
  /** Software switched the machine off, or it cannot go on. */
  | { readonly kind: 'ended'; readonly end: RunEnd }
  /** Going back: nothing earlier is recorded. */
  | { readonly kind: 'beginning' };

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
  /** Go back in what was recorded: to before what the hart did last, or to the last point that would have stopped the machine. */
  readonly isReverse?: boolean;
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
  #history: History | undefined;
  #isChanged = false;
  #search: Generator<undefined, ReverseEnd> | undefined;
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
    const isRecording = this.isRecording;
    this.stopRecording();
    this.#search = undefined;
    this.#machine = machine;
    this.#harts = debugHartsOf(machine);
    this.#points = new DebugPoints(this.#harts.map(({ vcpu }) => vcpu));
    if (isRecording) this.record();
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

  #arm(isArmed: boolean): void {
    if (isArmed) this.#applyPoints();
    else {
      this.#appliedPoints = '';
      this.#arePointsStale = true;
      this.#points.setBreakpoints([]);
      this.#points.setWatchpoints([]);
    }
  }

  // ---- the past ----

  /**
   * Records the run from now on, so that it can be gone back to. False: this machine cannot be recorded (a TLB model or a device
   * without saving).
   */
  record(timeline?: TimelineOptions): boolean {
    if (this.#history) return true;
    try {
      this.#history = new History({
        machine: this.#machine,
        points: this.#points,
        arm: (isArmed) => this.#arm(isArmed),
        ...(timeline && { timeline }),
      });
      this.#isChanged = false;
      return true;
    } catch (error) {
      if (error instanceof SnapshotError) return false;
      throw error;
    }
  }

  get isRecording(): boolean {
    return this.#history !== undefined;
  }

  stopRecording(): void {
    this.#history?.dispose();
    this.#history = undefined;
  }

  /** To be called after a change of registers or memory: what followed on the state before is forgotten. */
  noteChange(): void {
    this.#isChanged = true;
  }

  // ---- running ----

  /** Prepares the machine for `advance`. Throws DebuggerError for going back in a run that is not recorded. */
  resume({ step, isReverse = false }: Resumption = {}): void {
    if (this.#isChanged) this.#history?.timeline.branch();
    this.#isChanged = false;
    if (isReverse) {
      const history = this.#history;
      if (!history) throw new DebuggerError('the run is not recorded: there is no going back');
      this.#search = step ? once(() => history.step(step.hart.hart)) : history.search();
      return;
    }
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
    if (this.#search) return this.#goBack(this.#search);
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
      case 'waiting':
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

  #goBack(search: Generator<undefined, ReverseEnd>): Progress {
    const { done, value } = search.next();
    if (!done) return { kind: 'running', end: { reason: 'budget', exitCode: 0 } };
    this.#search = undefined;
    if (value.kind === 'beginning') return value;
    const hart = this.hart(value.hit.hart.id);
    this.#stoppedAt = { hart, pc: hart.vcpu.pc };
    return { kind: 'stopped', hart, hit: value.hit };
  }

  /** Ends what `resume` began where the machine stands now. */
  halt(): void {
    this.#search?.return({ kind: 'beginning' });
    this.#search = undefined;
    this.#points.setStep(undefined);
    this.#points.hit = undefined;
  }

  /** Gives up all points; the machine runs on, from the present, as if there had been no debugger. */
  detach(): void {
    this.halt();
    this.#history?.returnToPresent();
    this.clearPoints();
    this.#applyPoints();
    this.stopRecording();
    this.#stoppedAt = undefined;
  }
}

/** A debugger for a machine that does not run at the moment. */
export function createDebugger(machine: Machine): MachineDebugger {
  return new MachineDebugger(machine);
}

// biome-ignore lint/correctness/useYield: a search that finds at once
function* once(find: () => ReverseEnd): Generator<undefined, ReverseEnd> {
  return find();
}

const keyOf = ({ kind, address, length }: Watchpoint): string => `${kind} ${address} ${length}`;
