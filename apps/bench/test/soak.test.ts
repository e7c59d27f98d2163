import { describe, expect, it } from 'vitest';
import { floors, slopePerHour } from '../src/soak/trend.ts';

const points = (...values: readonly number[]) => values.map((value, minutes) => ({ minutes, value }));

describe('the trend of a soak', () => {
  it('is the slope of the line of least squares, per hour', () => {
    expect(slopePerHour(points(1, 2, 3, 4))).toBeCloseTo(60, 9);
    expect(slopePerHour(points(5, 5, 5))).toBe(0);
    expect(slopePerHour(points(5))).toBe(0);
    expect(slopePerHour([])).toBe(0);
  });

  it('is that of what is left when the collector has been, without the time in which caches fill', () => {
    const saw = points(90, 80, ...Array.from({ length: 40 }, (_, index) => 50 + (index % 4) * 10));
    const lowest = floors(saw, 2, 10);
    expect(lowest).toHaveLength(10);
    expect(lowest.every(({ value }) => value === 50)).toBe(true);
    expect(slopePerHour(lowest)).toBe(0);
  });

  it('shows growth under the collections', () => {
    const saw = points(...Array.from({ length: 60 }, (_, index) => index + (index % 5) * 10));
    expect(slopePerHour(floors(saw, 20, 12))).toBeGreaterThan(45);
  });
});
