/** How long the ways between guest and host take: `pnpm bench:latency`. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { commandOptions } from '../command-options.ts';
import { describeMachine } from '../machine-description.ts';
import { measure } from '../measure.ts';
import { median } from '../statistics.ts';
import { measureSwitch, measureSystemCall, measureTrap, type SwitchFigures } from './round-trips.ts';

const USAGE = `usage: pnpm bench:latency [--json] [--batches N] [--starts N]

Measures what crossing between guest and host costs: medians of CPU time in microseconds, and of the time that 'worldswitch run hello'
takes in all.

  --json      one JSON document instead of the table
  --batches   batches of 20,000 round trips each (default 25)
  --starts    how often 'worldswitch run hello' is started (default 7)
`;

const PER_BATCH = 20_000;
const CALLS = 400_000;
/** Pages of the small and the large address spaces. */
const FEW = 1;
const MANY = 1500;

/** What is to be reached, in microseconds and milliseconds. */
const targets = { trap: 0.5, systemCall: 1.5, coldStart: 250 } as const;

/** The command. Returns the exit code: 0, or 64 for arguments that are none. */
export function main(args: readonly string[], where: { readonly command: string }): number {
  const options = commandOptions('latency', USAGE, () => parse(args));
  if (typeof options === 'number') return options;
  const { batches, starts } = options;
  const hello = [where.command, 'run', 'hello'];
  const wall = Array.from({ length: starts + 1 }, () => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, hello, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`worldswitch run hello ended with ${status}: ${stderr}`);
    return performance.now() - start;
  }).slice(1);
  const cpu = Array.from(
    { length: starts },
    () => measure({ file: process.execPath, arguments: hello }, 60).cpuSeconds * 1000,
  );
  const node = Array.from(
    { length: starts },
    () => measure({ file: process.execPath, arguments: ['-e', '0'] }, 60).cpuSeconds * 1000,
  );
  const few = measureSwitch('compiled', FEW, batches, PER_BATCH);
  const many = measureSwitch('compiled', MANY, batches, PER_BATCH);
  const report = {
    machine: describeMachine([]),
    method: {
      figure: `median of ${batches} batches of ${PER_BATCH} round trips, CPU time of all threads of the process, warmed up`,
      coldStart: `median of ${starts} starts`,
    },
    trapMicroseconds: {
      compiled: measureTrap('compiled', batches, PER_BATCH),
      reference: measureTrap('reference', batches, PER_BATCH),
      target: targets.trap,
    },
    addressSpaceSwitch: { few: { pages: FEW, ...few }, many: { pages: MANY, ...many } },
    systemCallMicroseconds: { compiled: measureSystemCall('compiled', 5, CALLS), target: targets.systemCall },
    coldStartMilliseconds: {
      wall: median(wall)!,
      cpu: median(cpu)!,
      nodeAloneCpu: median(node)!,
      target: targets.coldStart,
    },
  };
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : format(report));
  return 0;
}

function parse(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      batches: { type: 'string', default: '25' },
      starts: { type: 'string', default: '7' },
      help: { type: 'boolean', default: false },
    },
  });
  const positive = (name: 'batches' | 'starts') => {
    if (!/^[1-9]\d*$/.test(values[name])) throw new Error(`--${name} is a number above 0, not ${values[name]}`);
    return Number(values[name]);
  };
  return { ...values, batches: positive('batches'), starts: positive('starts') };
}

interface LatencyReport {
  readonly trapMicroseconds: { readonly compiled: number; readonly reference: number; readonly target: number };
  readonly addressSpaceSwitch: Readonly<Record<'few' | 'many', SwitchFigures & { readonly pages: number }>>;
  readonly systemCallMicroseconds: { readonly compiled: number; readonly target: number };
  readonly coldStartMilliseconds: {
    readonly wall: number;
    readonly cpu: number;
    readonly nodeAloneCpu: number;
    readonly target: number;
  };
}

function format(report: LatencyReport): string {
  const { trapMicroseconds: trap, addressSpaceSwitch: change, systemCallMicroseconds: call } = report;
  const start = report.coldStartMilliseconds;
  const us = (value: number) => `${value.toFixed(3)} us`;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const switchRow = ({
    pages,
    withSwitch,
    without,
    switches,
    misses,
    walkReferences,
  }: SwitchFigures & { pages: number }) =>
    [
      `address-space switch, ${pages} page${pages > 1 ? 's' : ''} each`,
      us(Math.max(withSwitch - without, 0)),
      `${switches} switches: ${misses} TLB misses, ${walkReferences} page-table reads`,
    ] as const;
  const rows: readonly (readonly [string, string, string])[] = [
    [
      'trap to TypeScript and back',
      us(trap.compiled),
      `target ${trap.target} us; reference engine ${us(trap.reference)}`,
    ],
    switchRow(change.few),
    switchRow(change.many),
    ['system call handled by the host OS', us(call.compiled), `target ${call.target} us`],
    [
      'worldswitch run hello',
      ms(start.wall),
      `target ${start.target} ms; CPU ${ms(start.cpu)}, Node alone ${ms(start.nodeAloneCpu)}`,
    ],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return `${rows.map(([what, figure, remark]) => `${what.padEnd(width)}  ${figure.padStart(9)}  ${remark}`).join('\n')}\n`;
}
