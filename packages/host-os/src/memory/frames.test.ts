/// <reference types="node" />
import { createArrayMemory } from '@worldswitch/contracts/conformance';
import { describe, expect, it } from 'vitest';
import { HostOsError } from '../host-os-error.ts';
import { FrameAllocator } from './frames.ts';

const BASE = 0x8000_0000;
const FIRST = BASE / 4096;

function create(frames = 64) {
  const memory = createArrayMemory({ base: BASE, size: frames * 4096 });
  return { memory, allocator: new FrameAllocator(memory, { start: BASE, end: BASE + frames * 4096 }) };
}

describe('frames', () => {
  it('are zeroed, also when they held something before', () => {
    const { memory, allocator } = create(1);
    const frame = allocator.allocate();
    memory.fill(frame * 4096, 4096, 0xaa);
    expect(allocator.release(frame)).toBe(true);
    expect(memory.slice(allocator.allocate() * 4096, 4096).every((byte) => byte === 0)).toBe(true);
  });

  it('come back when their last user is gone', () => {
    const { allocator } = create(1);
    const frame = allocator.allocate();
    allocator.share(frame);
    expect([allocator.references(frame), allocator.release(frame), allocator.free]).toEqual([2, false, 0]);
    expect([allocator.release(frame), allocator.free]).toEqual([true, 1]);
    expect(() => allocator.release(frame)).toThrow(HostOsError);
  });

  it('come in one aligned piece when asked for, around those in use', () => {
    const { allocator } = create();
    const first = allocator.allocateMany(3, { contiguous: true });
    const second = allocator.allocateMany(8, { contiguous: true, alignment: 8 });
    expect(first).toEqual([0, 1, 2].map((index) => FIRST + index));
    expect(second[0]! % 8).toBe(0);
    expect(second).toEqual(second.map((_, index) => second[0]! + index));
    expect(() => allocator.allocateMany(64, { contiguous: true })).toThrow(/64 frames/);
    expect(() => allocator.allocateMany(1.5)).toThrow(HostOsError);
  });

  it('are never given twice, and none gets lost: random requests against a set', () => {
    const seed = Number(process.env.WORLDSWITCH_SEED);
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const { allocator } = create(100);
    const held: number[][] = [];
    const used = new Set<number>();
    for (let step = 0; step < 5000; step++) {
      if (random(2) === 0) {
        try {
          const contiguous = random(2) === 0;
          const count = 1 + random(12);
          const frames = allocator.allocateMany(count, { contiguous, alignment: 1 << random(4) });
          const before = used.size;
          for (const frame of frames) used.add(frame);
          if (used.size !== before + count) expect.unreachable(`given twice: ${frames}, seed ${seed}, step ${step}`);
          held.push(frames);
        } catch (error) {
          if (!(error instanceof HostOsError && error.code === 'ENOMEM')) throw error;
        }
      } else {
        for (const frame of held.splice(random(held.length + 1), 1).flat()) {
          used.delete(frame);
          allocator.release(frame);
        }
      }
      // Comparisons of ten thousands of numbers take vitest seconds on a busy machine.
      if (allocator.free !== 100 - used.size)
        expect(allocator.free, `seed ${seed}, step ${step}`).toBe(100 - used.size);
    }
  });
});
