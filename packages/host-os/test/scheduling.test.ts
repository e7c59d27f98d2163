import { program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { assemblyProgram } from './assembly-program.ts';
import { createHost } from './host.ts';

const spin = assemblyProgram('_start:\n j _start\n');

describe('the scheduler', () => {
  it('shares the hart fairly among those that want it', () => {
    const host = createHost();
    for (const name of ['a', 'b', 'c']) host.spawn({ arguments: [name], image: spin });
    expect(host.run({ maxInstructions: 10_000_000 })).toBe('budget');
    expect(host.instructions).toBe(10_000_000);
    expect(host.fairness()).toBeGreaterThan(0.999);
    for (const { instructions } of host.ps())
      expect(Math.abs(instructions - 10_000_000 / 3)).toBeLessThanOrEqual(100_000);
  });

  it('lets a newcomer start level, with no claim on the time before', () => {
    const host = createHost();
    const old = host.spawn({ arguments: ['old'], image: spin });
    host.run({ maxInstructions: 5_000_000 });
    const young = host.spawn({ arguments: ['young'], image: spin });
    host.run({ maxInstructions: 2_000_000 });
    expect(young.info().instructions).toBeGreaterThan(900_000);
    expect(old.info().instructions).toBeGreaterThan(5_900_000);
  });

  it('runs only the tree of a task when asked to, by the exact number of instructions', () => {
    const host = createHost();
    const a = host.spawn({ arguments: ['a'], image: spin });
    const b = host.spawn({ arguments: ['b'], image: spin });
    expect(host.run({ task: b, maxInstructions: 123_457 })).toBe('budget');
    expect([a.info().instructions, b.info().instructions]).toEqual([0, 123_457]);
  });

  it('leaves a paused tree alone', () => {
    const host = createHost();
    const a = host.spawn({ arguments: ['a'], image: spin });
    const b = host.spawn({ arguments: ['b'], image: spin, startPaused: true });
    host.run({ maxInstructions: 500_000 });
    expect(b.info()).toMatchObject({ state: 'paused', instructions: 0 });
    a.pause();
    expect(host.run({ maxInstructions: 500_000 })).toBe('deadlock');
    b.resume();
    host.run({ maxInstructions: 500_000 });
    expect(b.info().instructions).toBe(500_000);
  });

  it('stops when it is told to', () => {
    const host = createHost({ sliceInstructions: 1000 });
    const a = host.spawn({ arguments: ['a'], image: spin });
    expect(host.run({ until: () => a.info().instructions >= 5000 })).toBe('until');
    expect(a.info().instructions).toBe(5000);
    expect(host.run({ maxInstructions: 0 })).toBe('budget');
  });

  it('repeats exactly', () => {
    const once = () => {
      const host = createHost({ sliceInstructions: 777 });
      for (const name of ['tour', 'fork-exec', 'pipe-ping-pong']) {
        host.spawn({ arguments: [`/${name}`], image: program(name), onOutput() {} });
      }
      host.run();
      return { scheduling: host.scheduling, instructions: host.instructions, now: host.clock.now(), ps: host.ps() };
    };
    expect(once()).toEqual(once());
  });

  it('is the same on both engines', () => {
    const once = (engine: 'reference' | 'compiled') => {
      const host = createHost({ sliceInstructions: 777, engine });
      for (const name of ['hello', 'fork-exec', 'pipe-ping-pong']) {
        host.spawn({ arguments: [`/${name}`], image: program(name), onOutput() {} });
      }
      host.run();
      return { scheduling: host.scheduling, instructions: host.instructions, now: host.clock.now(), ps: host.ps() };
    };
    expect(once('compiled')).toEqual(once('reference'));
  });
});

describe('ending tasks', () => {
  it('ends a process with its descendants, and forgets it the second time', () => {
    const host = createHost();
    const free = host.freeFrameCount;
    const task = host.spawn({ arguments: ['/sh', '-c', '/sh -c "/sh"'], image: program('sh'), onOutput() {} });
    host.run({ until: () => task.processes === 3, maxInstructions: 1_000_000 });
    expect(host.ps()).toHaveLength(3);
    task.kill(3);
    expect([task.exitCode, task.processes]).toEqual([3, 0]);
    expect(host.ps()).toMatchObject([{ state: 'exited', exitCode: 3 }]);
    expect(host.freeFrameCount).toBe(free);
    task.kill(3);
    expect(host.ps()).toEqual([]);
  });

  it('sends signals', () => {
    const host = createHost();
    const task = host.spawn({ arguments: ['a'], image: spin });
    host.run({ maxInstructions: 1000 });
    task.signal(19);
    expect(host.run({ maxInstructions: 1000 })).toBe('deadlock');
    task.signal(18);
    expect(host.run({ maxInstructions: 1000 })).toBe('budget');
    task.signal(15);
    expect(host.run()).toBe('all-exited');
    expect(task.exitCode).toBe(143);
  });
});
