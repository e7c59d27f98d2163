/** Counts of one TLB and of the page-table walks behind it. */
export interface TlbCounters {
  /** Translated accesses that found their translation: loads, stores, atomics, and one fetch per instruction. */
  readonly hits: number;
  readonly misses: number;
  /** Page-table entries read by walks. */
  readonly walkReferences: number;
}

/** Running totals of one register context, plain numbers (exact below 2^53). */
export interface VcpuCounters {
  readonly instructions: number;
  readonly tlb: TlbCounters;
}

/** What one phase of a world cost. Counts are of the simulated machine, wall time is of the real one. */
export interface WorldMetrics {
  readonly instructions: {
    /** Retired by the program, in the (virtual) user mode. */
    readonly user: number;
    /** Retired by the guest's kernel; 0 where the kernel is the host's and is not made of RISC-V instructions. */
    readonly kernel: number;
  };
  /** Traps that the program and its kernel took, by cause name (isa: trapCauseName): each counted once, at its origin. */
  readonly traps: Readonly<Record<string, number>>;
  /** Exits to the VMM by reason; empty where there is none. */
  readonly exits: Readonly<Record<string, number>>;
  /** Instructions that a VMM carried out for the guest. */
  readonly emulatedInstructions: number;
  readonly hypercalls: number;
  /** Hypercalls by name. */
  readonly hypercallsByName: Readonly<Record<string, number>>;
  readonly shadowFills: number;
  readonly tlb: TlbCounters;
  readonly wallMs: number;
}

/** What has not run, or has none of these costs: to be spread into what has some. */
export const NO_COST: WorldMetrics = {
  instructions: { user: 0, kernel: 0 },
  traps: {},
  exits: {},
  emulatedInstructions: 0,
  hypercalls: 0,
  hypercallsByName: {},
  shadowFills: 0,
  tlb: { hits: 0, misses: 0, walkReferences: 0 },
  wallMs: 0,
};
