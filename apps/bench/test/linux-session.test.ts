import { describe, expect, it } from 'vitest';
import { bootSample, linuxSamples } from '../src/linux-session.ts';
import type { BenchProgram } from '../src/program-table.ts';

const checksum = '00000000000000ab';
const program = (name: string): BenchProgram => ({ name, title: name, n: 7, checksum, quick: { n: 1, checksum } });
const lines = (...all: readonly [string, number][]) =>
  all.map(([text, cpuSeconds]) => ({ text, cpuSeconds, wallSeconds: cpuSeconds * 2, peakBytes: 4096 }));
const run = (sum: string) =>
  lines(
    ['a word of the kernel', 3],
    ['[init]', 3.5],
    ['[1234 instructions]', 3.5],
    ['[begin first 0 1]', 4],
    ['checksum 0000000000000000', 4.25],
    ['[end first 0 1]', 4.25],
    ['[begin first 7 1]', 5],
    [`checksum ${sum}`, 6.5],
    ['[end first 7 1]', 6.75],
    ['[begin second 0 1]', 7],
  );

describe('the samples of a boot', () => {
  it('are what passes between the marks, less that of a run without work', () => {
    expect(linuxSamples(run(checksum), [program('first')], 2).get('first')).toEqual([{ startUp: 0.25, work: 1.5 }]);
  });

  it('are missing for a program that did not end', () => {
    expect([...linuxSamples(run(checksum), [program('first'), program('second')], 1).keys()]).toEqual(['first']);
  });

  it('are none with a wrong checksum', () => {
    expect(() => linuxSamples(run('00000000000000ff'), [program('first')], 1)).toThrow(`expected checksum ${checksum}`);
  });

  it('know when the first process started, and what had run by then', () => {
    expect(bootSample(run(checksum))).toEqual({
      cpuSeconds: 3.5,
      wallSeconds: 7,
      peakBytes: 4096,
      instructions: 1234,
    });
    expect(() => bootSample([])).toThrow('did not start');
  });
});
