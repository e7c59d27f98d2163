/**
 * Platform-level interrupt controller. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0, chapter 3 "Memory
 * Map" and the sections on each register. Sources are level-triggered.
 */
import type { Device, InterruptLine } from '@worldswitch/contracts';

const Register = {
  priority: 0x0,
  pending: 0x1000,
  enable: 0x2000,
  enableStride: 0x80,
  context: 0x20_0000,
  contextStride: 0x1000,
  /** Of a context. */
  threshold: 0,
  claim: 4,
} as const;
const MAX_PRIORITY = 7;

/** What a PLIC is wired to. */
export interface PlicOptions {
  /** Sources are 1 to this, at most 1023. */
  readonly sources: number;
  /** One for each context: a hart's privilege mode. */
  readonly targets: readonly InterruptLine[];
}

/** A platform-level interrupt controller: a device with wires from others to it. */
export interface Plic extends Device {
  /** The wire from a device. */
  source(number: number): InterruptLine;
}

export type PlicState = {
  /** By source. */
  readonly priority: Uint8Array;
  readonly level: Uint8Array;
  readonly inService: Uint8Array;
  readonly rose: Uint8Array;
  /** Bit for bit. */
  readonly pending: readonly number[];
  /** By context. */
  readonly enable: readonly (readonly number[])[];
  readonly threshold: Uint8Array;
};

/** A PLIC (RISC-V Platform-Level Interrupt Controller Specification 1.0.0), all of its sources level-triggered, with priorities from 0 to 7. */
export function createPlic({ sources, targets }: PlicOptions): Plic {
  const words = Math.ceil((sources + 1) / 32);
  const priority = new Uint8Array(sources + 1);
  const level = new Uint8Array(sources + 1);
  const pending = new Uint32Array(words);
  /** Claimed and not completed: the gateway lets nothing more through. */
  const inService = new Uint8Array(sources + 1);
  /** Whether the line rose while it was in service: pending once more after completion, even if it fell since. */
  const rose = new Uint8Array(sources + 1);
  const enable = targets.map(() => new Uint32Array(words));
  const threshold = new Uint8Array(targets.length);

  const setPending = (source: number, isPending: boolean) => {
    const bit = 1 << (source & 31);
    if (isPending) pending[source >> 5]! |= bit;
    else pending[source >> 5]! &= ~bit;
  };
  /** The pending and enabled source of the highest priority above `minimum`, the lowest number first; 0 for none. */
  const best = (target: number, minimum: number): number => {
    let found = 0;
    let foundPriority = minimum;
    for (let word = 0; word < words; word++) {
      let bits = pending[word]! & enable[target]![word]!;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const source = word * 32 + bit;
        if (priority[source]! > foundPriority) {
          found = source;
          foundPriority = priority[source]!;
        }
      }
    }
    return found;
  };
  const update = () => {
    for (let target = 0; target < targets.length; target++) {
      targets[target]!.set(best(target, threshold[target]!) !== 0);
    }
  };
  const claim = (target: number): number => {
    // The threshold does not affect claims (same, "Interrupt Claim Process").
    const source = best(target, 0);
    if (source !== 0) {
      setPending(source, false);
      inService[source] = 1;
      update();
    }
    return source;
  };
  const complete = (target: number, source: number) => {
    if (source === 0 || source > sources || ((enable[target]![source >> 5]! >>> (source & 31)) & 1) === 0) return;
    inService[source] = 0;
    if (level[source] || rose[source]) setPending(source, true);
    rose[source] = 0;
    update();
  };

  /** The context that an offset in the context area belongs to, or -1. */
  const targetAt = (offset: number): number => {
    const target = Math.floor((offset - Register.context) / Register.contextStride);
    return target < targets.length ? target : -1;
  };
  const enableTarget = (offset: number): number => {
    const target = Math.floor((offset - Register.enable) / Register.enableStride);
    return target < targets.length ? target : -1;
  };

  return {
    name: 'plic',
    size: 0x60_0000,
    source(number) {
      return {
        set(isHigh) {
          if ((level[number] !== 0) === isHigh) return;
          level[number] = isHigh ? 1 : 0;
          // What is pending stays so until it is claimed, whatever the line does (same, "Interrupt Gateways").
          if (!isHigh) return;
          if (inService[number]) rose[number] = 1;
          else setPending(number, true);
          update();
        },
      };
    },
    read(offset, width) {
      if (width !== 4) return 0;
      if (offset >= Register.context) {
        const target = targetAt(offset);
        if (target < 0) return 0;
        const register = offset % Register.contextStride;
        if (register === Register.threshold) return threshold[target]!;
        return register === Register.claim ? claim(target) : 0;
      }
      if (offset >= Register.enable) {
        const target = enableTarget(offset);
        return target < 0 ? 0 : (enable[target]![((offset - Register.enable) % Register.enableStride) >> 2] ?? 0);
      }
      if (offset >= Register.pending) return pending[(offset - Register.pending) >> 2] ?? 0;
      return priority[offset >> 2] ?? 0;
    },
    write(offset, width, value) {
      if (width !== 4) return;
      if (offset >= Register.context) {
        const target = targetAt(offset);
        if (target < 0) return;
        const register = offset % Register.contextStride;
        if (register === Register.claim) return complete(target, value);
        if (register === Register.threshold) threshold[target] = value & MAX_PRIORITY;
      } else if (offset >= Register.enable) {
        const target = enableTarget(offset);
        if (target < 0) return;
        const word = ((offset - Register.enable) % Register.enableStride) >> 2;
        // Source 0 does not exist.
        if (word < words) enable[target]![word] = word === 0 ? value & ~1 : value;
      } else if (offset < Register.pending) {
        const source = offset >> 2;
        if (source > 0 && source <= sources) priority[source] = value & MAX_PRIORITY;
      }
      update();
    },
    reset() {
      priority.fill(0);
      pending.fill(0);
      inService.fill(0);
      rose.fill(0);
      threshold.fill(0);
      for (const bits of enable) bits.fill(0);
      for (let source = 1; source <= sources; source++) if (level[source]) setPending(source, true);
      update();
    },
    save: (): PlicState => ({
      ...{ priority: priority.slice(), level: level.slice(), inService: inService.slice(), rose: rose.slice() },
      ...{ pending: [...pending], enable: enable.map((bits) => [...bits]), threshold: threshold.slice() },
    }),
    restore(saved) {
      const state = saved as PlicState;
      priority.set(state.priority);
      level.set(state.level);
      inService.set(state.inService);
      rose.set(state.rose);
      pending.set(state.pending);
      for (const [target, bits] of enable.entries()) bits.set(state.enable[target]!);
      threshold.set(state.threshold);
    },
  };
}
