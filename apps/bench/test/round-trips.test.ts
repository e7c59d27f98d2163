import { describe, expect, it } from 'vitest';
import { measureSwitch, measureSystemCall, measureTrap } from '../src/latency/round-trips.ts';

/** Batches and round trips of each: a moment on the slowest machine. */
const BATCHES = 15;
const PER_BATCH = 2000;

describe('ways between guest and host', () => {
  it('take the compiled engine no longer than the reference engine, give or take', () => {
    // It takes half of that on a quiet machine.
    expect(measureTrap('compiled', BATCHES, PER_BATCH)).toBeLessThan(3 * measureTrap('reference', BATCHES, PER_BATCH));
  });

  it('change the address space without a flush, however large it is', () => {
    const few = measureSwitch('compiled', 1, BATCHES, PER_BATCH);
    const many = measureSwitch('compiled', 100, BATCHES, PER_BATCH);
    expect(few).toMatchObject({ switches: BATCHES * PER_BATCH, misses: 0, walkReferences: 0 });
    expect(many).toMatchObject({ switches: BATCHES * PER_BATCH, misses: 0, walkReferences: 0 });
    expect(many.withSwitch).toBeLessThan(3 * few.withSwitch);
  });

  it('take a system call of the host OS a few times a bare trap', () => {
    expect(measureSystemCall('compiled', 3, 30_000)).toBeLessThan(20 * measureTrap('compiled', BATCHES, PER_BATCH));
  });
});
