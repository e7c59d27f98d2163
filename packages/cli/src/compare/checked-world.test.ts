import { NO_COST, type World } from '@worldswitch/contracts';
import { expect, it } from 'vitest';
import { checkedWorld } from './checked-world.ts';

const world = (changes: Readonly<Record<string, unknown>> = {}): World =>
  checkedWorld({
    name: 'mine',
    result: undefined,
    run: () => ({ reason: 'exited', exitCode: 3 }),
    output: () => new Uint8Array([72]),
    metrics: () => ({ boot: NO_COST, program: NO_COST }),
    pause() {},
    resume() {},
    snapshot: () => new Uint8Array(0),
    inspect: () => ({}),
    dispose() {},
    ...changes,
  } as World);

it('hands on what is right', () => {
  const mine = world({ programSource: () => ({ kind: 'executable', bytes: new Uint8Array(1) }) });
  expect(mine.run(10)).toEqual({ reason: 'exited', exitCode: 3 });
  expect(mine.result).toBeUndefined();
  expect(mine.output()).toEqual(new Uint8Array([72]));
  expect(mine.metrics()).toEqual({ boot: NO_COST, program: NO_COST });
  expect(mine.programSource?.()).toMatchObject({ kind: 'executable' });
  expect(world().programSource).toBeUndefined();
});

it.each<[string, Readonly<Record<string, unknown>>, (mine: World) => unknown, string]>([
  ['a number as result', { run: () => 5 }, (mine) => mine.run(1), 'run() gave 5, not a WorldResult or undefined'],
  ['a Promise', { run: async () => {} }, (mine) => mine.run(1), 'run() gave a Promise, not a WorldResult or undefined'],
  [
    'a reason that there is not',
    { run: () => ({ reason: 'ended', exitCode: 0 }) },
    (mine) => mine.run(1),
    "run() gave a reason that is 'ended'; expected one of exited, budget, fault, output-limit",
  ],
  [
    'no exit code',
    { run: () => ({ reason: 'exited' }) },
    (mine) => mine.run(1),
    'run() gave an exitCode that is undefined',
  ],
  ['a text as result', { result: 'exited' }, (mine) => mine.result, "result gave 'exited', not a WorldResult"],
  ['a text as output', { output: () => 'Hello' }, (mine) => mine.output(), "output() gave 'Hello', not a Uint8Array"],
  ['no metrics', { metrics: () => undefined }, (mine) => mine.metrics(), 'metrics() is undefined, not an object'],
  [
    'metrics without TLB',
    { metrics: () => ({ boot: NO_COST, program: { ...NO_COST, tlb: undefined } }) },
    (mine) => mine.metrics(),
    'metrics().program.tlb is undefined, not an object',
  ],
  [
    'a trap counted by a text',
    { metrics: () => ({ boot: { ...NO_COST, traps: { ecall: 'one' } }, program: NO_COST }) },
    (mine) => mine.metrics(),
    "metrics().boot.traps.ecall is 'one', not a number",
  ],
])('refuses %s', (_, changes, call, message) => {
  expect(() => call(world(changes))).toThrow(`the world 'mine' is wrong: ${message}`);
});

it('ends a world that never gets anywhere, and no other', () => {
  const run = (mine: World) => {
    for (let calls = 0; calls < 30_000; calls++) mine.run(1);
  };
  expect(() => run(world({ run: () => undefined }))).toThrow('run() gave no result 10000 times, while no instruction');
  let user = 0;
  const program = () => ({ ...NO_COST, instructions: { user: user++ >> 12, kernel: 0 } });
  run(world({ run: () => undefined, metrics: () => ({ boot: NO_COST, program: program() }) }));
});
