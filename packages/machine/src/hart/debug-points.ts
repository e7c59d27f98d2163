import type { Hart } from './hart.ts';
import type { HartContext } from './hart-context.ts';

/** Which accesses a watchpoint stops at. */
export type WatchKind = 'write' | 'read' | 'access';

/** Why a machine with debug points stopped: which hart, and where. */
export interface DebugHit {
  readonly hart: Hart;
  /**
   * `breakpoint`, `step`: before the instruction at pc. A watchpoint's kind: after the instruction that made the access; `address`
   * is the first watched byte that it touched.
   */
  readonly kind: 'breakpoint' | 'step' | WatchKind;
  /** Virtual, in [0, 2^64). */
  readonly address: bigint;
}

/** What a hart that is stepped has to leave before it stops again: one instruction or trap, and these addresses. */
export interface StepGoal {
  /** Absent: the machine stops when whichever hart has carried out something. */
  readonly hart?: Hart;
  /** It goes on while pc is in [start, end). */
  readonly range?: { readonly start: bigint; readonly end: bigint };
}

/** The part of a watchpoint in one page: byte offsets, the end is exclusive. */
interface WatchedBytes {
  readonly kind: WatchKind;
  readonly start: number;
  readonly end: number;
}

/** "Cause" that a slow path notes to stop at the boundary before an instruction. No trap has it. */
export const DEBUG_STOP = 0x4000_0000;

const PAGE_SIZE = 4096;

/**
 * Where a debugger wants a machine to stop: breakpoints and watchpoints by virtual address, whatever the address space, and a
 * hart that is stepped. Guest memory holds nothing of it. It costs nothing where it does not apply: pages with breakpoints are
 * never entered in fetch tables and pages with watchpoints never in load and store tables of the software TLB, so that accesses
 * to them go through the slow paths, which look here.
 *
 * To be changed between runs only. Who changes something calls `changed` afterwards.
 */
export class DebugPoints {
  /** Why the run ended, when it ended for a debug point; the debugger clears it. */
  hit: DebugHit | undefined;
  /** Harts that look here, and their register contexts. */
  readonly #contexts: ReadonlyMap<Hart, HartContext>;
  /** Offsets of breakpoints by virtual page number. */
  readonly #breakpoints = new Map<number, Set<number>>();
  readonly #watchpoints = new Map<number, WatchedBytes[]>();
  #step: StepGoal | undefined;
  /** Where the stepped hart was. */
  #stepFrom = { pc: 0n, instret: 0, events: 0 };
  /** A breakpoint that is not to stop its hart again before something has happened. */
  #resumed: { readonly hart: Hart; readonly pc: bigint; readonly instret: number } | undefined;

  /** The hit, which is then forgotten. */
  takeHit(): DebugHit | undefined {
    const { hit } = this;
    this.hit = undefined;
    return hit;
  }

  constructor(vcpus: Iterable<{ readonly hart: Hart; readonly context: HartContext }>) {
    this.#contexts = new Map([...vcpus].map(({ hart, context }) => [hart, context]));
  }

  /** Replaces all breakpoints. @param addresses virtual, in [0, 2^64), and even. */
  setBreakpoints(addresses: Iterable<bigint>): void {
    this.#breakpoints.clear();
    for (const address of addresses) {
      const page = pageOf(address);
      const offsets = this.#breakpoints.get(page) ?? new Set();
      this.#breakpoints.set(page, offsets.add(Number(address & 0xfffn)));
    }
    this.#changed();
  }

  /** Replaces all watchpoints. */
  setWatchpoints(
    watched: Iterable<{ readonly kind: WatchKind; readonly address: bigint; readonly length: number }>,
  ): void {
    this.#watchpoints.clear();
    for (const { kind, address, length } of watched) {
      let start = address;
      const end = address + BigInt(length);
      while (start < end) {
        const page = pageOf(start);
        const offset = Number(start & 0xfffn);
        const inPage = Math.min(PAGE_SIZE - offset, Number(end - start));
        const parts = this.#watchpoints.get(page) ?? [];
        parts.push({ kind, start: offset, end: offset + inPage });
        this.#watchpoints.set(page, parts);
        start += BigInt(inPage);
      }
    }
    this.#changed();
  }

  /** Steps a hart; undefined: none any more. */
  setStep(goal: StepGoal | undefined): void {
    if (this.#step === undefined && goal === undefined) return;
    this.#step = goal;
    if (goal) this.#stepFrom = { ...this.#placeOf(goal.hart), events: goal.hart ? 0 : this.events };
    this.#changed();
  }

  /**
   * Instructions retired and traps taken by all harts: grows by one with each thing that a hart does, so that it names a moment
   * between two of them.
   */
  get events(): number {
    let sum = 0;
    for (const hart of this.#contexts.keys()) sum += this.eventsOf(hart);
    return sum;
  }

  /** The same for one hart. */
  eventsOf(hart: Hart): number {
    const { instret, traps } = this.#contexts.get(hart) ?? hart.current;
    return traps.reduce((sum, count) => sum + count, instret);
  }

  /** The breakpoint where this hart stands does not stop it before it has moved on. */
  resumeAt(hart: Hart | undefined): void {
    this.#resumed = hart && { hart, ...this.#placeOf(hart) };
  }

  #placeOf(hart: Hart | undefined): { readonly pc: bigint; readonly instret: number } {
    if (!hart) return { pc: 0n, instret: 0 };
    const { pc, instret } = this.#contexts.get(hart) ?? hart.current;
    return { pc, instret };
  }

  get isEmpty(): boolean {
    return this.#breakpoints.size === 0 && this.#watchpoints.size === 0 && this.#step === undefined;
  }

  /** Harts look here while there is something to see; what they remember of translations is forgotten. */
  #changed(): void {
    for (const hart of this.#contexts.keys()) {
      hart.points = this.isEmpty ? undefined : this;
      hart.sets.reset();
    }
  }

  // ---- asked by the slow paths; addresses are signed halves ----

  /** Whether fetches from this page must take the slow path each time. */
  holdsFetches(hart: Hart, low: number, high: number): boolean {
    return this.#isStepped(hart) || this.#breakpoints.has(pageOfHalves(low, high));
  }

  /** Whether an address is a breakpoint. */
  holdsBreakpoint(address: bigint): boolean {
    return this.#breakpoints.get(pageOf(address))?.has(Number(address & 0xfffn)) ?? false;
  }

  #isStepped(hart: Hart): boolean {
    return this.#step !== undefined && (this.#step.hart ?? hart) === hart;
  }

  /** Whether loads from and stores to this page must take the slow path each time. */
  holdsData(low: number, high: number): boolean {
    return this.#watchpoints.has(pageOfHalves(low, high));
  }

  /** Before the instruction at pc is fetched: true when a step has ended. */
  endsStep(hart: Hart): boolean {
    const step = this.#step;
    if (!step || !this.#isStepped(hart)) return false;
    const { pc, instret } = hart.current;
    const from = this.#stepFrom;
    const isUnmoved = step.hart ? pc === from.pc && instret === from.instret : this.events === from.events;
    if (isUnmoved) return false;
    if (step.range && pc >= step.range.start && pc < step.range.end) {
      return this.isBreakpoint(hart, hart.current.pcLow, hart.current.pcHigh);
    }
    this.hit = { hart, kind: 'step', address: pc };
    return true;
  }

  /** Before the instruction at pc is decoded, once its page was found: true when it is a breakpoint. */
  isBreakpoint(hart: Hart, low: number, high: number): boolean {
    if (!this.#breakpoints.get(pageOfHalves(low, high))?.has(low & 0xfff)) return false;
    const { pc, instret } = hart.current;
    const resumed = this.#resumed;
    if (resumed?.hart === hart && resumed.pc === pc && resumed.instret === instret) return false;
    this.hit = { hart, kind: 'breakpoint', address: pc };
    return true;
  }

  /** An access is being made: notes a hit, and has the hart stop after the instruction. */
  noteAccess(hart: Hart, low: number, high: number, length: number, isRead: boolean, isWrite: boolean): void {
    const offset = low & 0xfff;
    const here = Math.min(length, PAGE_SIZE - offset);
    this.#noteInPage(hart, low, high, here, isRead, isWrite);
    if (here === length) return;
    const nextLow = ((low | 0xfff) + 1) | 0;
    this.#noteInPage(hart, nextLow, nextLow === 0 ? (high + 1) | 0 : high, length - here, isRead, isWrite);
  }

  #noteInPage(hart: Hart, low: number, high: number, length: number, isRead: boolean, isWrite: boolean): void {
    const parts = this.#watchpoints.get(pageOfHalves(low, high));
    if (!parts || this.hit) return;
    const offset = low & 0xfff;
    for (const { kind, start, end } of parts) {
      if (offset >= end || offset + length <= start) continue;
      if (!(kind === 'write' ? isWrite : kind === 'read' ? isRead : true)) continue;
      const page = (BigInt(high >>> 0) << 32n) | BigInt((low & ~0xfff) >>> 0);
      this.hit = { hart, kind, address: page + BigInt(Math.max(offset, start)) };
      hart.requestStop();
      return;
    }
  }
}

function pageOf(address: bigint): number {
  return Number(BigInt.asUintN(64, address) >> 12n);
}

function pageOfHalves(low: number, high: number): number {
  return (high >>> 0) * 2 ** 20 + (low >>> 12);
}
