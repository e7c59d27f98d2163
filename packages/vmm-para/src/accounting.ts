import type { VcpuCounters, WorldMetrics } from '@worldswitch/contracts';

/** Running totals of one phase, in the order in which they are reported. */
class Phase {
  userInstructions = 0;
  kernelInstructions = 0;
  readonly traps: Record<string, number> = {};
  readonly exits: Record<string, number> = {};
  readonly hypercalls: Record<string, number> = {};
  hits = 0;
  misses = 0;
  walkReferences = 0;
  wallMs = 0;

  metrics(): WorldMetrics {
    return {
      instructions: { user: this.userInstructions, kernel: this.kernelInstructions },
      traps: { ...this.traps },
      exits: { ...this.exits },
      emulatedInstructions: 0,
      hypercalls: Object.values(this.hypercalls).reduce((sum, count) => sum + count, 0),
      hypercallsByName: { ...this.hypercalls },
      shadowFills: 0,
      tlb: { hits: this.hits, misses: this.misses, walkReferences: this.walkReferences },
      wallMs: this.wallMs,
    };
  }
}

/**
 * What a domain cost: until the first instruction of its program, and from there on. Instructions are charged to program or
 * kernel whenever control passes between them.
 */
export class Accounting {
  readonly #boot = new Phase();
  readonly #program = new Phase();
  #phase = this.#boot;
  #instructions = 0;
  #hits = 0;
  #misses = 0;
  #walkReferences = 0;
  readonly #now: () => number;
  #wallStart: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Charges what has run since the last charge. */
  charge(counters: VcpuCounters, isUser: boolean): void {
    const instructions = counters.instructions;
    if (isUser) this.#phase.userInstructions += instructions - this.#instructions;
    else this.#phase.kernelInstructions += instructions - this.#instructions;
    this.#instructions = instructions;
  }

  /** The program's first instruction comes next. Later calls do nothing. */
  beginProgram(counters: VcpuCounters): void {
    if (this.#phase === this.#program) return;
    this.#settle(counters);
    this.#phase = this.#program;
  }

  startWall(): void {
    this.#wallStart = this.#now();
  }
  stopWall(): void {
    this.#settleWall();
    this.#wallStart = undefined;
  }

  countTrap(name: string): void {
    this.#phase.traps[name] = (this.#phase.traps[name] ?? 0) + 1;
  }
  countExit(reason: string): void {
    this.#phase.exits[reason] = (this.#phase.exits[reason] ?? 0) + 1;
  }
  countHypercall(name: string): void {
    this.#phase.hypercalls[name] = (this.#phase.hypercalls[name] ?? 0) + 1;
  }

  /** Charges all that is left: nothing runs after it, and the counters may go away. */
  finish(counters: VcpuCounters, isUser: boolean): void {
    this.charge(counters, isUser);
    this.#settle(counters);
  }

  metrics(): { boot: WorldMetrics; program: WorldMetrics } {
    return { boot: this.#boot.metrics(), program: this.#program.metrics() };
  }

  #settle(counters: VcpuCounters): void {
    const { hits, misses, walkReferences } = counters.tlb;
    this.#phase.hits += hits - this.#hits;
    this.#phase.misses += misses - this.#misses;
    this.#phase.walkReferences += walkReferences - this.#walkReferences;
    this.#hits = hits;
    this.#misses = misses;
    this.#walkReferences = walkReferences;
    this.#settleWall();
  }

  #settleWall(): void {
    if (this.#wallStart === undefined) return;
    const now = this.#now();
    this.#phase.wallMs += now - this.#wallStart;
    this.#wallStart = now;
  }
}
