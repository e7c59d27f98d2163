import type { Device, InterruptLine } from '@worldswitch/contracts';

/** Virtual PLIC. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0, "Memory Map". Level-triggered sources. */
const Region = { pending: 0x1000, enable: 0x2000, context: 0x20_0000, end: 0x60_0000 } as const;
const ENABLE_STRIDE = 0x80;
const CONTEXT_STRIDE = 0x1000;
const CLAIM = 4;
const HIGHEST_PRIORITY = 7;

export interface VirtualPlic extends Device {
  /** The wire of a source. */
  source(number: number): InterruptLine;
}

/** @param targets one line a context. */
export function createVirtualPlic(sources: number, targets: readonly InterruptLine[]): VirtualPlic {
  const words = (sources >> 5) + 1;
  const priorities = new Uint32Array(sources + 1);
  const isHigh = new Uint8Array(sources + 1);
  /** Sources that are high: with none, there is nothing to look for. */
  let highCount = 0;
  const isInService = new Uint8Array(sources + 1);
  const enabled = targets.map(() => new Uint32Array(words));
  const thresholds = new Uint32Array(targets.length);

  const isPending = (source: number) => isHigh[source] === 1 && isInService[source] === 0;
  const isEnabled = (context: number, source: number) =>
    ((enabled[context]![source >> 5]! >>> (source & 31)) & 1) === 1;
  /** Highest priority above `threshold`; among equals the lowest number. 0 for none. */
  const best = (context: number, threshold: number) => {
    if (highCount === 0) return 0;
    let found = 0;
    let highest = threshold;
    for (let source = 1; source <= sources; source++) {
      if (isHigh[source] === 0 || !isPending(source) || !isEnabled(context, source)) continue;
      if (priorities[source]! > highest) {
        highest = priorities[source]!;
        found = source;
      }
    }
    return found;
  };
  const update = () => {
    for (const [context, line] of targets.entries()) line.set(best(context, thresholds[context]!) !== 0);
  };
  const pendingWord = (word: number) => {
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) {
      const source = word * 32 + bit;
      if (source > 0 && source <= sources && isPending(source)) bits |= 1 << bit;
    }
    return bits >>> 0;
  };

  return {
    name: 'plic',
    size: Region.end,
    source: (number) => ({
      set(level) {
        if ((isHigh[number] === 1) === level) return;
        isHigh[number] = level ? 1 : 0;
        highCount += level ? 1 : -1;
        update();
      },
    }),
    read(offset) {
      const word = (offset & ~3) >>> 2;
      if (offset < Region.pending) return priorities[word] ?? 0;
      if (offset < Region.enable) return pendingWord(word - (Region.pending >>> 2));
      if (offset < Region.context) {
        const at = offset - Region.enable;
        return enabled[Math.floor(at / ENABLE_STRIDE)]?.[(at % ENABLE_STRIDE) >>> 2] ?? 0;
      }
      const context = Math.floor((offset - Region.context) / CONTEXT_STRIDE);
      const register = ((offset - Region.context) % CONTEXT_STRIDE) & ~3;
      if (context >= targets.length) return 0;
      if (register === 0) return thresholds[context]!;
      if (register !== CLAIM) return 0;
      // Claiming ignores the threshold ("Interrupt Claim Process").
      const source = best(context, 0);
      isInService[source] = source === 0 ? 0 : 1;
      update();
      return source;
    },
    write(offset, _width, value) {
      const word = (offset & ~3) >>> 2;
      if (offset < Region.pending) {
        if (word > 0 && word <= sources) priorities[word] = value & HIGHEST_PRIORITY;
      } else if (offset < Region.enable) return;
      else if (offset < Region.context) {
        const at = offset - Region.enable;
        const bits = enabled[Math.floor(at / ENABLE_STRIDE)];
        const index = (at % ENABLE_STRIDE) >>> 2;
        if (bits && index < words) bits[index] = value;
      } else {
        const context = Math.floor((offset - Region.context) / CONTEXT_STRIDE);
        const register = ((offset - Region.context) % CONTEXT_STRIDE) & ~3;
        if (context >= targets.length) return;
        if (register === 0) thresholds[context] = value & HIGHEST_PRIORITY;
        // Completing a source that is not enabled for the context is ignored ("Interrupt Completion").
        else if (register === CLAIM && value <= sources && isEnabled(context, value)) isInService[value] = 0;
      }
      update();
    },
    reset() {
      priorities.fill(0);
      isInService.fill(0);
      thresholds.fill(0);
      for (const bits of enabled) bits.fill(0);
      update();
    },
  };
}
