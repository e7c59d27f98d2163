import { expect, it } from 'vitest';
import { Pace } from './pace.ts';

const MS = 1e4;

it('lets go by what went by on the wall, and a little more', () => {
  let wall = 1000;
  const pace = new Pace(() => wall);
  expect(pace.allowance(0)).toBe(10 * MS);
  expect(pace.isAhead(10 * MS)).toBe(true);
  expect(pace.delay(500 * MS)).toBe(500);
  wall += 200;
  expect(pace.isAhead(10 * MS)).toBe(false);
  expect(pace.allowance(10 * MS)).toBe(200 * MS);
  expect(pace.allowance(210 * MS)).toBe(0);
});

it('does not hurry after it was slow or stopped, and bears a machine that goes back', () => {
  let wall = 0;
  const pace = new Pace(() => wall);
  wall += 5000;
  pace.forget(20 * MS);
  expect(pace.allowance(20 * MS)).toBe(10 * MS);
  expect(pace.allowance(3 * MS)).toBe(10 * MS);
  expect(pace.allowance(8 * MS)).toBe(5 * MS);
});
