import type { EngineStatistics } from './engine/statistics.ts';
import type { Machine } from './machine.ts';

/** What a machine did and what it cost, so far. */
export interface MachineStatistics {
  /** Instructions retired by all harts, and by what they were executed. */
  readonly instructions: {
    readonly total: number;
    readonly compiled: number;
    readonly interpreted: number;
    readonly reference: number;
  };
  /** Lookups in the TLB model, those that missed, and page-table entries read for them. */
  readonly tlb: {
    readonly lookups: number;
    readonly misses: number;
    readonly hitRate: number;
    readonly walkReferences: number;
  };
  /** Traps and interrupts taken, by cause. */
  readonly traps: Readonly<Record<string, number>>;
  /** Loads and stores that devices answered. */
  readonly deviceAccesses: number;
  /** Absent for the reference engine. */
  readonly engine?: EngineStatistics;
}

export function machineStatistics(machine: Machine): MachineStatistics {
  const { counters, hart, harts, traps } = machine;
  const { hits, misses, walkReferences } = counters.tlb;
  const lookups = hits + misses;
  const engine = hart.group.engine.statistics;
  const total = counters.instructions;
  return {
    instructions: engine
      ? {
          total,
          compiled: total - engine.interpreted - engine.stepped,
          interpreted: engine.interpreted,
          reference: engine.stepped,
        }
      : { total, compiled: 0, interpreted: 0, reference: total },
    tlb: { lookups, misses, hitRate: lookups > 0 ? hits / lookups : 1, walkReferences },
    traps,
    deviceAccesses: harts.reduce((sum, scheduled) => sum + scheduled.hart.deviceAccesses, 0),
    ...(engine && { engine }),
  };
}
