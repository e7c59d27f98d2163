import { type BootReport, meanRatio, type Report } from './report.ts';
import type { BootSample } from './sample.ts';
import type { System } from './systems.ts';

/** Ratios with the digits that mean something. */
const ratio = (value: number | null | undefined) =>
  value == null ? '-' : value < 10 ? value.toFixed(2) : value.toFixed(1);

/** With which of our ways another system is compared: bare with bare, a process with a process. */
const comparedWith: Readonly<Record<string, string>> = {
  qemuUser: 'worldswitchProcess',
  qemuSystem: 'worldswitch',
  qemuLinux: 'worldswitchLinux',
  v86: 'worldswitch',
};

/** The table that people read: one line a program, each figure a multiple of the native time. */
export function formatReport(report: Report, systems: readonly System[]): string {
  const shown = systems.filter(({ name }) => report.programs.some(({ seconds }) => seconds[name] != null));
  const against = shown.flatMap(({ name, title }) => {
    const ours = comparedWith[name];
    return ours ? [{ name, ours, title: `${title}/ours` }] : [];
  });
  const rows = [
    ['program', ...shown.map(({ title }) => title), ...against.map(({ title }) => title)],
    ...report.programs.map(({ title, seconds, toNative }) => [
      title,
      ...shown.map(({ name }) =>
        name === 'native' ? `${((seconds.native ?? 0) * 1000).toFixed(0)} ms` : ratio(toNative[name]),
      ),
      ...against.map(({ name, ours }) => ratio(overOurs(seconds[name], seconds[ours]))),
    ]),
    [
      'geometric mean',
      ...shown.map(({ name }) => (name === 'native' ? '' : ratio(report.geomeanToNative[name]))),
      ...against.map(({ name, ours }) => ratio(meanRatio(report.programs, name, ours))),
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, '-'.repeat(lines[0]!.length));
  lines.splice(-1, 0, '-'.repeat(lines[0]!.length));
  const { geomean } = report;
  const summary = [
    '',
    `Multiples of the native CPU time; "x/ours" above 1: we are faster.`,
    `Worldswitch: ${ratio(geomean.vsNative)} times native, ${ratio(geomean.vsWasm)} times the C in WebAssembly; ` +
      `faster than qemu-system ${ratio(geomean.vsQemuSystem)}, QEMU under Linux ${ratio(geomean.vsQemuLinux)}, v86 ${ratio(geomean.vsV86)} times.`,
    ...bootLines(report.bootToInit),
    '',
    `start-up, in no figure: ${describe(Object.fromEntries(Object.entries(report.startUpSeconds).map(([name, seconds]) => [name, `${((seconds ?? 0) * 1000).toFixed(0)} ms`])))}`,
    ...Object.entries({ ...report.machine, ...report.method }).map(([key, value]) => `${key}: ${describe(value)}`),
    ...Object.entries(report.absent).map(([name, reason]) => `no ${name}: ${reason}`),
  ];
  return [...lines, ...summary].join('\n');
}

/** A line on the boots, where one of the systems was measured. */
function bootLines({ ours, qemu, ratio: cpuRatio }: BootReport): string[] {
  if (!ours && !qemu) return [];
  const side = (name: string, sample: BootSample | null) =>
    sample
      ? `${name} ${sample.cpuSeconds.toFixed(2)} s CPU, ${sample.wallSeconds.toFixed(2)} s wall, ` +
        `${(sample.peakBytes / 2 ** 20).toFixed(0)} MiB at most` +
        (sample.instructions === undefined ? '' : `, ${(sample.instructions / 1e6).toFixed(0)} million instructions`)
      : `${name} -`;
  return [
    `Linux to its first process: ${side('Worldswitch', ours)}; ${side('QEMU', qemu)}; CPU time in QEMU's ${ratio(cpuRatio)}`,
  ];
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, entry]) => `${key} ${entry}`)
    .join('; ');
}

function overOurs(theirs: number | null | undefined, ours: number | null | undefined): number | null {
  return theirs == null || ours == null ? null : theirs / ours;
}
