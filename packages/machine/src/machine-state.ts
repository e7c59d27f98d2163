import type { VcpuCounters } from '@worldswitch/contracts';
import { trapCauseName } from '@worldswitch/isa';
import type { Board } from './board/board.ts';
import { memoryMap } from './board/memory-map.ts';
import type { HartContext } from './hart/hart-context.ts';
import type { ScheduledHart } from './schedule/hart-schedule.ts';

/** What has been counted, and the state of the machine in words: for people and reports, not for going on from it. */

const hex = (value: bigint | number) => `0x${value.toString(16)}`;

/** Traps taken by cause name; calls of the built-in SBI are among them. */
export function trapCounts(contexts: readonly HartContext[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { traps } of contexts) {
    traps.forEach((count, index) => {
      if (count === 0) return;
      const name = trapCauseName(index & 63, index >= 64);
      counts[name] = (counts[name] ?? 0) + count;
    });
  }
  return counts;
}

export function sumCounters(counters: readonly VcpuCounters[]): VcpuCounters {
  const sum = (of: (counters: VcpuCounters) => number) => counters.reduce((total, each) => total + of(each), 0);
  return {
    instructions: sum(({ instructions }) => instructions),
    tlb: {
      hits: sum(({ tlb }) => tlb.hits),
      misses: sum(({ tlb }) => tlb.misses),
      walkReferences: sum(({ tlb }) => tlb.walkReferences),
    },
  };
}

/** Registers by name and CSRs of one hart. */
function inspectHart({ hart, vcpu, state, isWaiting }: ScheduledHart): Readonly<Record<string, unknown>> {
  const csrs: Record<string, string> = {};
  for (const csr of hart.instructionSet.csrs) {
    if (/^(pmp|m?hpm)/.test(csr.name) || !hart.csrs.has(csr.address)) continue;
    csrs[csr.name] = hex(vcpu.readCsr(csr.address));
  }
  return {
    id: hart.id,
    state: state === 'started' && isWaiting ? 'waiting' : state,
    pc: hex(vcpu.pc),
    privilege: vcpu.privilege,
    registers: Array.from({ length: 32 }, (_, index) => hex(vcpu.readX(index))),
    csrs,
    instructions: vcpu.counters.instructions,
  };
}

/** The first hart's state is at the top, as that of a machine with one; `harts` has all of them. */
export function inspectBoard(board: Board, harts: readonly ScheduledHart[]): Readonly<Record<string, unknown>> {
  const all = harts.map(inspectHart);
  return {
    ...all[0],
    time: board.group.clock.now(),
    instructions: board.group.clock.retired,
    memory: { base: hex(memoryMap.ram.base), bytes: board.ram.size },
    devices: board.bus.regions.map(({ base, device }) => ({ name: device.name, base: hex(base), size: device.size })),
    harts: all,
  };
}
