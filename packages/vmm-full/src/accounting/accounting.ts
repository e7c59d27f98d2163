import type { VcpuCounters, WorldMetrics } from '@worldswitch/contracts';
import { trapCauseName } from '@worldswitch/isa';
import { type ExitReason, exitReasonNames, isEmulation } from './exit-reason.ts';

const INTERRUPT = 64;

/** Counts of one phase. Indices are numbers, so that counting an exit costs an addition. */
class Phase {
  user = 0;
  kernel = 0;
  readonly exits = new Float64Array(exitReasonNames.length);
  /** Exceptions at their code, interrupts at 64 + code; the guest's own environment calls at 9, whatever the machine says. */
  readonly traps = new Float64Array(2 * INTERRUPT);
  emulated = 0;
  shadowFills = 0;
  hits = 0;
  misses = 0;
  walkReferences = 0;
  wallMs = 0;

  metrics(): WorldMetrics {
    const traps: Record<string, number> = {};
    for (const [index, count] of this.traps.entries()) {
      if (count > 0) traps[trapCauseName(index % INTERRUPT, index >= INTERRUPT)] = count;
    }
    const exits: Record<string, number> = {};
    for (const [index, count] of this.exits.entries()) if (count > 0) exits[exitReasonNames[index]!] = count;
    return {
      instructions: { user: this.user, kernel: this.kernel },
      traps,
      exits,
      emulatedInstructions: this.emulated,
      hypercalls: 0,
      hypercallsByName: {},
      shadowFills: this.shadowFills,
      tlb: { hits: this.hits, misses: this.misses, walkReferences: this.walkReferences },
      wallMs: this.wallMs,
    };
  }
}

/** What a virtual machine cost: until the first instruction in virtual user mode, and from there on. */
export class Accounting {
  readonly #boot = new Phase();
  readonly #program = new Phase();
  readonly #now: () => number;
  #phase = this.#boot;
  /** Totals up to the last charge. */
  #instructions = 0;
  #hits = 0;
  #misses = 0;
  #walkReferences = 0;
  #wallStart: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Charges what has happened since the last charge to the mode it happened in. */
  charge(counters: VcpuCounters, isUser: boolean): void {
    const phase = this.#phase;
    const { instructions, tlb } = counters;
    if (isUser) phase.user += instructions - this.#instructions;
    else phase.kernel += instructions - this.#instructions;
    phase.hits += tlb.hits - this.#hits;
    phase.misses += tlb.misses - this.#misses;
    phase.walkReferences += tlb.walkReferences - this.#walkReferences;
    this.#instructions = instructions;
    this.#hits = tlb.hits;
    this.#misses = tlb.misses;
    this.#walkReferences = tlb.walkReferences;
  }

  /** The first instruction in virtual user mode comes next, and everything is charged. Later calls do nothing. */
  beginProgram(): void {
    if (this.#phase === this.#program) return;
    this.#settleWall();
    this.#phase = this.#program;
  }

  get isProgramPhase(): boolean {
    return this.#phase === this.#program;
  }

  startWall(): void {
    this.#wallStart = this.#now();
  }

  stopWall(): void {
    this.#settleWall();
    this.#wallStart = undefined;
  }

  #settleWall(): void {
    if (this.#wallStart === undefined) return;
    const now = this.#now();
    this.#phase.wallMs += now - this.#wallStart;
    this.#wallStart = now;
  }

  countException(cause: number): void {
    this.#phase.traps[cause]!++;
  }

  countInterrupt(cause: number): void {
    this.#phase.traps[INTERRUPT + cause]!++;
  }

  countExit(reason: ExitReason): void {
    this.#phase.exits[reason]!++;
    if (isEmulation(reason)) this.#phase.emulated++;
  }

  countShadowFill(): void {
    this.#phase.shadowFills++;
  }

  /** Everything must have been charged. */
  metrics(): { readonly boot: WorldMetrics; readonly program: WorldMetrics } {
    this.#settleWall();
    return { boot: this.#boot.metrics(), program: this.#program.metrics() };
  }
}
