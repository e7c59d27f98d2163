import { assemble } from '@worldswitch/isa';
import { expect, it } from 'vitest';
import { createTimeline, Machine } from '../src/index.ts';

const SECOND = 1e7;
/** Prints `t` every second of its clock, and at once what is typed; in between it waits. `z` clears the timer for ever. */
const waiter = `
    li   t0, 0x220
    csrw sie, t0
    li   s0, 0x10000000
    li   t0, 1
    sb   t0, 1(s0)
    li   s1, 0x0c000000
    sw   t0, 40(s1)
    li   t2, 0x0c002080
    li   t1, 1024
    sw   t1, 0(t2)
    li   s2, 0x0c201000
    sw   x0, 0(s2)
next:
    rdtime s3
    li   t0, 10000000
    add  s3, s3, t0
    mv   a0, s3
    li   a7, 0x54494d45
    li   a6, 0
    ecall
sleep:
    wfi
    lbu  t0, 5(s0)
    andi t0, t0, 1
    beqz t0, timer
    lbu  a0, 0(s0)
    sb   a0, 0(s0)
    lw   t0, 4(s2)
    sw   t0, 4(s2)
    li   t0, 'z'
    bne  a0, t0, sleep
    li   a0, -1
    ecall
    j    sleep
timer:
    rdtime t0
    bltu t0, s3, sleep
    li   a0, 't'
    sb   a0, 0(s0)
    j    next
`;

function start() {
  let output = '';
  const typed: string[] = [];
  const machine = Machine.create({
    kernel: assemble(waiter, { origin: 0x8020_0000 }).bytes,
    memoryBytes: 4 * 2 ** 20,
    engine: 'reference',
    console: {
      write: (bytes) => {
        output += String.fromCharCode(...bytes);
      },
      read: () => new TextEncoder().encode(typed.shift()),
    },
  });
  const type = (text: string) => void typed.push(text);
  return { machine, type, output: () => output };
}
const state = (machine: Machine) => ({
  ...machine.inspect(),
  time: machine.hart.now(),
  counters: machine.counters,
  traps: machine.traps,
});

it('hands out idle time as it is told to, and does the same as without', () => {
  const [held, free] = [start(), start()];
  expect(held.machine.run({ maxIdleTicks: 0.3 * SECOND })).toMatchObject({ reason: 'waiting' });
  expect(held.machine.run({ maxIdleTicks: 0 })).toMatchObject({ reason: 'waiting' });
  const begun = held.machine.hart.now();
  expect(held.machine.idleTicks).toBe(0.3 * SECOND);
  expect(begun - 0.3 * SECOND).toBeLessThan(100);
  // What is left is what the timer is away.
  const end = held.machine.run({ maxIdleTicks: 0.2 * SECOND });
  expect(end).toMatchObject({ reason: 'waiting' });
  expect(end.idleTicks! - 0.5 * SECOND).toBeLessThan(100);
  expect(held.output()).toBe('');
  held.machine.run({ maxIdleTicks: end.idleTicks! });
  expect(held.output()).toBe('t');
  for (let time = 0; time < 30; time++) held.machine.run({ maxIdleTicks: 0.0777 * SECOND });
  expect(held.output()).toBe('ttt');
  const { instructions } = held.machine.counters;
  free.machine.run({ until: () => free.machine.counters.instructions >= instructions });
  held.machine.run({ maxInstructions: 1 });
  free.machine.run({ maxInstructions: 1 });
  expect(state(held.machine)).toEqual(state(free.machine));
});

it('input ends the wait where the clock stands', () => {
  const { machine, type, output } = start();
  machine.run({ maxIdleTicks: 0.3 * SECOND });
  type('a');
  // The time that went by while it was typed is there when it is read.
  machine.run({ maxIdleTicks: 0.1 * SECOND });
  expect(output()).toBe('a');
  expect(Math.abs(machine.hart.now() - 0.4 * SECOND)).toBeLessThan(1000);
  type('z');
  expect(machine.run({ maxIdleTicks: 5 * SECOND })).toMatchObject({ reason: 'idle' });
  expect(Math.abs(machine.hart.now() - 5.4 * SECOND)).toBeLessThan(1000);
  expect(machine.run()).toMatchObject({ reason: 'idle' });
  expect(Math.abs(machine.hart.now() - 5.4 * SECOND)).toBeLessThan(1000);
  type('b');
  expect(machine.run()).toMatchObject({ reason: 'idle' });
  expect(output()).toBe('azb');
});

it('a timeline repeats what was typed in the middle of a wait', () => {
  const { machine, type, output } = start();
  const timeline = createTimeline(machine, { everyInstructions: 20 });
  const positions: number[] = [];
  for (const text of ['a', '', 'b', 'c', 'z', 'd', '', 'e']) {
    machine.run({ maxIdleTicks: 0.35 * SECOND });
    type(text);
    machine.run({ maxIdleTicks: 0 });
    positions.push(timeline.position);
  }
  machine.step();
  const [end, printed] = [state(machine), output()];
  expect(printed).toBe('atbczde');
  for (const position of [...positions.reverse(), timeline.end, timeline.start]) timeline.seek(position);
  // By the machine itself, without the limits of the first time.
  for (let runs = 0; runs < 100 && timeline.isReplaying; runs++) machine.run({ maxInstructions: 3 });
  expect(state(machine)).toEqual(end);
  expect(output()).toBe(printed);
});
