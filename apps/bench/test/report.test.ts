import { describe, expect, it } from 'vitest';
import type { BenchProgram } from '../src/program-table.ts';
import { type ProgramSamples, summarize, summarizeBoots } from '../src/report.ts';
import { fallen } from '../src/short.ts';
import { geometricMean, median } from '../src/statistics.ts';
import { systems } from '../src/systems.ts';
import { formatReport } from '../src/text-table.ts';

const program = (name: string): BenchProgram => ({
  name,
  title: name,
  n: 1,
  checksum: '0000000000000001',
  quick: { n: 1, checksum: '0000000000000001' },
});
const works = (...seconds: number[]) => seconds.map((work) => ({ startUp: 0.25, work }));
const measured: ProgramSamples[] = [
  {
    program: program('first'),
    samples: {
      native: works(0.3, 0.1, 0.2),
      wasm: works(0.2),
      worldswitch: works(0.4),
      qemuSystem: works(1.6),
      v86: works(0.4),
    },
  },
  {
    program: program('second'),
    samples: { native: works(0.1), wasm: works(0.2), worldswitch: works(0.8), qemuSystem: works(0.8), v86: null },
  },
];
const names = ['native', 'wasm', 'worldswitch', 'qemuSystem', 'v86'];

describe('the figures', () => {
  it('are medians and geometric means', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeUndefined();
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
    expect(geometricMean([])).toBeUndefined();
  });

  it('are multiples of the native time, and of ours where theirs is compared with ours', () => {
    const { programs, geomean, geomeanToNative, startUpSeconds } = summarize(measured, names);
    expect(programs[0]?.seconds.native).toBe(0.2);
    expect(programs[0]?.toNative.worldswitch).toBeCloseTo(2, 12);
    expect(programs[1]?.toNative.worldswitch).toBeCloseTo(8, 12);
    expect(geomean.vsNative).toBeCloseTo(4, 12);
    expect(geomean.vsWasm).toBeCloseTo(Math.sqrt(8), 12);
    expect(geomean.vsQemuSystem).toBeCloseTo(2, 12);
    expect(startUpSeconds.wasm).toBe(0.25);
    expect(geomeanToNative.native).toBeCloseTo(1, 12);
  });

  it('leave out what could not be measured', () => {
    const { programs, geomean } = summarize(measured, names);
    expect(programs[1]?.seconds.v86).toBeNull();
    expect(geomean.vsV86).toBeCloseTo(1, 12);
    expect(geomean.vsQemuLinux).toBeNull();
  });

  it('stand in the table with the reasons for what is missing', () => {
    const report = {
      machine: { cpu: 'a processor' },
      method: { runs: 3 },
      ...summarize(measured, names),
      bootToInit: summarizeBoots({
        worldswitchLinux: [{ cpuSeconds: 3, wallSeconds: 4, peakBytes: 2 ** 28, instructions: 5_000_000 }],
        qemuLinux: [2, 9, 4].map((cpuSeconds) => ({ cpuSeconds, wallSeconds: 1, peakBytes: 2 ** 27 })),
      }),
      absent: { qemuUser: 'qemu-riscv64 is not installed' },
    };
    const text = formatReport(report, systems);
    expect(text).toMatch(/^first +200 ms +1\.00 +2\.00 +8\.00 +2\.00 +4\.00 +1\.00$/m);
    expect(text).toMatch(/^geometric mean +1\.41 +4\.00 +8\.00 +2\.00 +2\.00 +1\.00$/m);
    expect(text).toContain('256 MiB at most, 5 million instructions; QEMU 4.00 s CPU');
    expect(text).toContain("CPU time in QEMU's 0.75");
    expect(text).toContain('no qemuUser: qemu-riscv64 is not installed');
  });
});

describe('the short form', () => {
  it('fails where a ratio is under half of the recorded one, or is missing', () => {
    expect(fallen({ first: 50, second: 30 }, { first: 100, second: 40 })).toEqual([]);
    expect(fallen({ 'pointer-chase': 3 }, { 'pointer-chase': 13 })).toEqual([]);
    expect(fallen({ 'pointer-chase': 2 }, { 'pointer-chase': 13 })).toHaveLength(1);
    expect(fallen({ first: 49 }, { first: 100, second: 40 })).toEqual([
      'first: the compiled engine is 49 times as fast as the reference engine; it was 100 times',
      'second: the compiled engine is 0 times as fast as the reference engine; it was 40 times',
    ]);
  });
});
