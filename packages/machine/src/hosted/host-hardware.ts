import type { HostClock, HostConsole, HostHardware, TlbModel } from '@worldswitch/contracts';
import type { InstructionSet } from '@worldswitch/isa';
import { createEngine, DEFAULT_ENGINE, type EngineName } from '../engine/create-engine.ts';
import type { ControlOperation } from '../hart/control.ts';
import type { Hart } from '../hart/hart.ts';
import { Bus } from '../memory/bus.ts';
import { createMachineMemory } from '../memory/machine-memory.ts';
import { Ram } from '../memory/ram.ts';
import { HartGroup } from '../schedule/hart-group.ts';
import { HostedVcpu } from './vcpu.ts';

/** The machine that a host OS is to run on. */
export interface HostHardwareOptions {
  /** RAM in bytes: a multiple of 64 KiB. */
  readonly memoryBytes: number;
  /** Default `compiled`. */
  readonly engine?: EngineName;
  /** Default: 1024 sets of 4 ways, first in first out. */
  readonly tlb?: TlbModel;
  /** Where console output goes and input comes from. Default: output is dropped, input is empty. */
  readonly console?: HostConsole;
  /** Of `random`, any number. Default 1. */
  readonly seed?: number;
  readonly instructionSet?: InstructionSet;
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

/** A physical machine for a host OS written in TypeScript: RAM, one hart in hosted mode, a clock and a console. */
export interface HostedMachine extends HostHardware {
  readonly hart: Hart;
}

/** Throws MachineError for options that make no machine. */
export function createHostHardware(options: HostHardwareOptions): HostedMachine {
  const memory = createMachineMemory(options.memoryBytes);
  const ram = new Ram(memory);
  const { tlb, instructionSet, controls } = options;
  const group = new HartGroup({
    memory,
    ram,
    bus: new Bus(),
    ...(tlb && { createTlb: () => tlb }),
    ...(instructionSet && { instructionSet }),
    ...(controls && { controls }),
  });
  group.engine = createEngine(options.engine ?? DEFAULT_ENGINE, group);
  const hart = group.only;
  const clock: HostClock = {
    frequency: 10_000_000,
    now: () => hart.now(),
    instructionsUntil: (deadline) => hart.instructionsUntil(deadline),
    advanceTo: (deadline) => hart.advanceTo(deadline),
  };
  return {
    memory: ram,
    freeMemory: { start: ram.base, end: ram.base + ram.size },
    createVcpu: () => new HostedVcpu(hart),
    console: options.console ?? { write() {}, read: () => new Uint8Array(0) },
    clock,
    random: createRandom(options.seed ?? 1),
    hart,
  };
}

/** xorshift32: numbers in [0, 1), the same ones for the same seed. */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed | 0, 0x2545_f491) ^ 0x9e37_79b9 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
