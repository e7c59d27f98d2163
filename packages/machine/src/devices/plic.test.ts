import { describe, expect, it } from 'vitest';
import { createPlic } from './plic.ts';

// Addresses restated from the PLIC specification 1.0.0, chapter "Memory Map", for contexts 0 and 1.
const priority = (source: number) => 4 * source;
const PENDING = 0x1000;
const ENABLE = [0x2000, 0x2080];
const THRESHOLD = [0x20_0000, 0x20_1000];
const CLAIM = [0x20_0004, 0x20_1004];

function rig() {
  const lines = [false, false];
  const plic = createPlic({
    sources: 95,
    targets: lines.map((_, index) => ({
      set: (isHigh: boolean) => {
        lines[index] = isHigh;
      },
    })),
  });
  return { plic, lines };
}

describe('PLIC', () => {
  it('tells the context that enabled a source, and lets it claim and complete it', () => {
    const { plic, lines } = rig();
    const uart = plic.source(10);
    plic.write(priority(10), 4, 1);
    plic.write(ENABLE[1]!, 4, 1 << 10);
    uart.set(true);
    expect(lines).toEqual([false, true]);
    expect(plic.read(PENDING, 4)).toBe(1 << 10);
    expect(plic.read(CLAIM[1]!, 4)).toBe(10);
    expect([lines[1], plic.read(PENDING, 4), plic.read(CLAIM[1]!, 4)]).toEqual([false, 0, 0]);
    // Still high when it is completed: pending again.
    plic.write(CLAIM[1]!, 4, 10);
    expect(lines[1]).toBe(true);
    plic.read(CLAIM[1]!, 4);
    uart.set(false);
    plic.write(CLAIM[1]!, 4, 10);
    expect(lines[1]).toBe(false);
  });

  it('keeps what is pending until it is claimed, though the line has fallen', () => {
    const { plic, lines } = rig();
    plic.write(priority(10), 4, 1);
    plic.write(ENABLE[0]!, 4, 1 << 10);
    plic.source(10).set(true);
    plic.source(10).set(false);
    expect(lines[0]).toBe(true);
    expect(plic.read(CLAIM[0]!, 4)).toBe(10);
    plic.write(CLAIM[0]!, 4, 10);
    expect(lines[0]).toBe(false);
  });

  it('remembers that a line rose between claim and completion', () => {
    const { plic, lines } = rig();
    plic.write(priority(10), 4, 1);
    plic.write(ENABLE[0]!, 4, 1 << 10);
    plic.source(10).set(true);
    plic.read(CLAIM[0]!, 4);
    plic.source(10).set(false);
    plic.source(10).set(true);
    plic.source(10).set(false);
    plic.write(CLAIM[0]!, 4, 10);
    expect(lines[0]).toBe(true);
    plic.read(CLAIM[0]!, 4);
    plic.write(CLAIM[0]!, 4, 10);
    expect(lines[0]).toBe(false);
  });

  it('lets nothing more of a source through between claim and completion', () => {
    const { plic, lines } = rig();
    plic.write(priority(10), 4, 1);
    plic.write(ENABLE[0]!, 4, 1 << 10);
    plic.source(10).set(true);
    expect(plic.read(CLAIM[0]!, 4)).toBe(10);
    plic.source(10).set(false);
    plic.source(10).set(true);
    expect([lines[0], plic.read(PENDING, 4)]).toEqual([false, 0]);
    plic.write(CLAIM[0]!, 4, 10);
    expect(lines[0]).toBe(true);
  });

  it('gives the highest priority first, then the lowest number, and none of priority 0', () => {
    const { plic } = rig();
    for (const [source, level] of [
      [3, 2],
      [5, 7],
      [4, 2],
      [40, 7],
      [6, 0],
    ] as const) {
      plic.write(priority(source), 4, level);
      plic.source(source).set(true);
    }
    plic.write(ENABLE[0]!, 4, 0xffff_ffff);
    plic.write(ENABLE[0]! + 4, 4, 0xffff_ffff);
    const claimed = Array.from({ length: 5 }, () => plic.read(CLAIM[0]!, 4));
    expect(claimed).toEqual([5, 40, 3, 4, 0]);
  });

  it('masks by threshold, and has no source 0', () => {
    const { plic, lines } = rig();
    plic.write(priority(1), 4, 3);
    plic.write(ENABLE[0]!, 4, 3);
    expect(plic.read(ENABLE[0]!, 4)).toBe(2);
    plic.write(THRESHOLD[0]!, 4, 3);
    plic.source(1).set(true);
    expect(lines[0]).toBe(false);
    plic.write(THRESHOLD[0]!, 4, 2);
    expect(lines[0]).toBe(true);
  });
});
