import { DEFAULT_GDB_PORT, type ListenAddress, parseListenAddress } from '@worldswitch/debugger';
import { type AddedDevice, MAX_INSTRUCTION_TIME } from '@worldswitch/machine';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { keyValues, onOff } from '../../machine-file/key-values.ts';
import {
  afterDrives,
  type DeviceDescription,
  type DriveDescription,
  type IdleWay,
  idleWays,
  parseStartTime,
} from '../../machine-file/machine-description.ts';
import type { MachineFile } from '../../machine-file/machine-file.ts';
import type { MachineRunOptions } from '../../machine-file/run-options.ts';
import { readSnapshotFiles } from '../files/snapshot-file.ts';
import { loadDevice } from '../files/user-device.ts';
import { runMachine } from '../machine-run/run-machine.ts';
import { areTexts, hartCount, loadBefore, type MachineFlags, oneMore, positiveInteger } from '../options.ts';
import type { RunFlags } from './verb-run.ts';
import { addSnapshotOptions, type SnapshotFlags, savePlanOf } from './verb-snapshot.ts';

/** Flags of `run` that describe a machine, and how it is run. */
export interface MachineRunFlags extends SnapshotFlags, MachineFlags {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly bios?: string;
  readonly smp?: number;
  readonly drive?: DriveDescription[];
  readonly rng?: Extract<DeviceDescription, { kind: 'rng' }> | true;
  readonly hvc?: Extract<DeviceDescription, { kind: 'hvc' }> | true;
  readonly balloon?: true;
  readonly device?: AddedDevice[];
  readonly maxInstructions?: number;
  readonly maxTime?: number;
  readonly idle?: IdleWay;
  readonly expectText?: string[];
  readonly failText?: string[];
  readonly reboot?: boolean;
  readonly stats?: boolean;
  readonly startTime?: number;
  readonly instructionTime?: number;
  readonly gdb?: ListenAddress | true;
  readonly wait?: boolean;
  readonly watchdog?: number | true;
}

const defaultMemory = 512 * 2 ** 20;

export function addMachineRunOptions(command: Command): Command {
  const each = (text: string, before: string[] | undefined) => {
    if (text === '') throw new InvalidArgumentError('expected a text that is not empty.');
    return oneMore(text, before);
  };
  const described = addSnapshotOptions(command)
    .option('--kernel <file>', 'run this kernel on a whole machine: Linux image, ELF or raw code')
    .option('--initrd <file>', 'initial RAM disk for --kernel')
    .option('--append <text>', 'kernel command line for --kernel')
    .option('--drive <file>', 'disk image; ,readonly=on ,snapshot=on or ,overlay=FILE may follow', drive)
    .option('--rng [source]', 'virtio source of random bytes: seed=N (default 0), or file=F such as /dev/urandom', rng)
    .option('--hvc [output]', 'virtio console: stdio (default) instead of the serial line, or FILE[,input=FILE]', hvc)
    .option('--balloon', "virtio balloon: the monitor's 'balloon MIB' takes memory from the guest and gives it back")
    .option(
      '--device <file>',
      'a device of your own: a module whose default export is an AddedDevice; again for more',
      oneMore,
    )
    .option('--smp <n>', 'harts of the machine, 1 to 8', hartCount)
    .option('--bios <file>', 'firmware: default (built in), none, or a file such as fw_dynamic.bin')
    .option(
      '--max-time <seconds>',
      'stop the machine after this much virtual time from where this command begins',
      seconds,
    )
    .addOption(
      new Option(
        '--idle <way>',
        'while all harts wait, time goes by as on the wall (wait) or at once to the next timer (race); default: wait, and race when nothing more can be typed',
      ).choices(idleWays),
    )
    .option('--expect-text <text>', 'end with success when the console has said this; several: in this order', each)
    .option('--fail-text <text>', 'end with a failure when the console says this', each)
    .option(
      '--gdb [[host:]port]',
      `let gdb debug the machine (default: port ${DEFAULT_GDB_PORT} of this computer)`,
      listenAddress,
    )
    .option('--wait', 'with --gdb: wait for it before the first instruction')
    .option(
      '--start-time <date>',
      'time of day at the start: now, or such as 2026-01-31T12:00:00 (default 2026-01-01)',
      startTime,
    )
    .option(
      '--instruction-time <ns>',
      `virtual time that an instruction takes, 1 (default) to ${MAX_INSTRUCTION_TIME} ns: more for software that waits by counting`,
      instructionTime,
    )
    .option('--stats', 'say at the end, on stderr: instructions, virtual time, wall time, memory')
    .option(
      '--watchdog [instructions]',
      'look every so many instructions (default: 10 million) whether the machine only repeats itself, and end it then',
      positiveInteger,
    )
    .addOption(new Option('--no-reboot', 'end when the machine is reset'));
  return loadBefore(described, 'device', areTexts, (paths) => Promise.all(paths.map(loadDevice)));
}

/** Runs the machine that the flags describe. */
export async function machineRunVerb(flags: MachineRunFlags): Promise<number> {
  if (
    flags.restore &&
    (flags.kernel ??
      flags.initrd ??
      flags.append ??
      flags.bios ??
      flags.smp ??
      flags.memory ??
      flags.startTime ??
      flags.instructionTime) !== undefined
  )
    throw new UserError(
      '--restore brings its own memory, kernel, harts and clock: leave their options out',
      ExitCode.usage,
    );
  return await runMachine(
    {
      bios: flags.bios ?? 'default',
      memoryBytes: flags.memory ?? defaultMemory,
      harts: flags.smp ?? 1,
      drives: flags.drive ?? [],
      ...afterDrives(flags.drive?.length ?? 0, devicesOf(flags)),
      ...(flags.kernel !== undefined && { kernel: flags.kernel }),
      ...(flags.initrd !== undefined && { initrd: flags.initrd }),
      ...(flags.append !== undefined && { append: flags.append }),
      ...(flags.engine !== undefined && { engine: flags.engine }),
      ...ownParts(flags),
      ...(flags.startTime !== undefined && { startTime: flags.startTime }),
      ...(flags.instructionTime !== undefined && { instructionTime: flags.instructionTime }),
    },
    wayToRun(flags),
  );
}

/** What of a machine is the user's own code, which a machine file does not name. */
export function ownParts({ tlb, device, extension }: MachineRunFlags) {
  return { ...(tlb && { createTlb: tlb }), ...(device && { added: device }), ...extension };
}

/** How the flags have a machine run. What a machine file says of that holds where they are silent. */
export function wayToRun(flags: MachineRunFlags, file?: Pick<MachineFile, 'limits' | 'reboots'>): MachineRunOptions {
  if (flags.wait && flags.gdb === undefined) {
    throw new UserError('--wait waits for gdb: give --gdb too', ExitCode.usage);
  }
  const restore = flags.restore && readSnapshotFiles(flags.restore);
  const save = savePlanOf(flags, restore);
  return {
    expectText: [],
    failText: [],
    ...file?.limits,
    serial: 'stdio',
    monitor: 'escape',
    reboots: (file?.reboots ?? true) && flags.reboot !== false,
    reportsStatistics: flags.stats ?? false,
    ...(flags.gdb !== undefined && { gdb: listenAddressOf(flags.gdb) }),
    ...(flags.wait && { startsStopped: true }),
    ...(flags.watchdog !== undefined && { watchdog: flags.watchdog === true ? 10_000_000 : flags.watchdog }),
    ...(flags.expectText && { expectText: flags.expectText }),
    ...(flags.failText && { failText: flags.failText }),
    ...(flags.maxInstructions !== undefined && { maxInstructions: flags.maxInstructions }),
    ...(flags.maxTime !== undefined && { maxSeconds: flags.maxTime }),
    ...(flags.idle !== undefined && { idle: flags.idle }),
    ...(restore && { restore }),
    ...(save && { save }),
  };
}

/** Whether `run` was given a machine to run, not a program. */
export function describesMachine(flags: MachineRunFlags): boolean {
  return (
    flags.restore !== undefined || flags.kernel !== undefined || (flags.bios !== undefined && flags.bios !== 'none')
  );
}

/** Flags that say what a machine is, and what a machine file says as well. */
const describingFlags = [
  'initrd',
  'append',
  'bios',
  'smp',
  'drive',
  'rng',
  'hvc',
  'balloon',
  'startTime',
  'instructionTime',
] as const;
/** Flags that say how a machine is run. */
const runningFlags = [
  'save',
  'saveAt',
  'saveEvery',
  'incremental',
  'maxTime',
  'idle',
  'expectText',
  'failText',
  'gdb',
  'wait',
  'watchdog',
  'stats',
] as const;
/** Flags for programs in worlds. */
const worldFlags = ['world', 'trace', 'ps', 'guestKernel', 'paraKernel', 'interactive'] as const;

/** The first of these that was given, as it is typed. */
function firstGiven<Flags>(flags: Flags, names: readonly (keyof Flags & string)[]): string | undefined {
  const given = names.find((name) => flags[name] !== undefined);
  return given && `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Refuses flags of a machine that were given without one. */
export function refuseMachineFlags(flags: MachineRunFlags): void {
  const given = firstGiven(flags, [...runningFlags, ...describingFlags, 'device']);
  if (given === undefined) return;
  throw new UserError(`${given} is for a machine: give it a --kernel, or a machine file, as well`, ExitCode.usage);
}

/** Refuses flags of programs in worlds that were given with a machine. */
export function refuseWorldFlags(flags: RunFlags): void {
  const given = firstGiven(flags, worldFlags);
  if (given === undefined) return;
  throw new UserError(`${given} is for a program in a world, and what is run here is a machine`, ExitCode.usage);
}

/** Refuses flags that say what the machine is beside a file that does. */
export function refuseDescribingFlags(flags: MachineRunFlags, path: string): void {
  const given = firstGiven(flags, [...describingFlags, 'memory', 'engine']);
  if (given === undefined) return;
  throw new UserError(`'${path}' says what the machine is: leave ${given} out, or write it there`, ExitCode.usage);
}

/** Without a value, commander hands in true. */
function listenAddressOf(flag: ListenAddress | true): ListenAddress {
  return flag === true ? { host: '127.0.0.1', port: DEFAULT_GDB_PORT } : flag;
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (!address) throw new InvalidArgumentError(`expected [host:]port, such as 1234, got '${text}'.`);
  return address;
}

function drive(text: string, before: DriveDescription[] | undefined): DriveDescription[] {
  const [file, ...options] = keyValues(text);
  let readOnly = false;
  let snapshot = false;
  let overlay: string | undefined;
  if (!file || file.key === '') throw new InvalidArgumentError('expected the name of a disk image first.');
  for (const { key, value } of options) {
    const isOn = onOff(value);
    if (key === 'readonly' && isOn !== undefined) readOnly = isOn;
    else if (key === 'snapshot' && isOn !== undefined) snapshot = isOn;
    else if (key === 'overlay' && value) overlay = value;
    else if (!(key === 'format' && value === 'raw')) {
      throw new InvalidArgumentError(
        `expected FILE[,readonly=on][,snapshot=on][,overlay=FILE], got '${key}${value === undefined ? '' : `=${value}`}'.`,
      );
    }
  }
  if (snapshot && overlay !== undefined) {
    throw new InvalidArgumentError('snapshot=on and overlay=FILE both say where changes go; give one.');
  }
  const name = file.value === undefined ? file.key : `${file.key}=${file.value}`;
  return [...(before ?? []), { file: name, readOnly, snapshot, ...(overlay !== undefined && { overlay }) }];
}

/** Without a value, commander hands in true. */
function devicesOf({ rng: source, hvc: wiring, balloon }: MachineRunFlags): DeviceDescription[] {
  return [
    ...(source === undefined ? [] : [source === true ? { kind: 'rng' as const } : source]),
    ...(wiring === undefined ? [] : [wiring === true ? { kind: 'hvc' as const, output: 'stdio' as const } : wiring]),
    ...(balloon ? [{ kind: 'balloon' as const }] : []),
  ];
}

function rng(text: string): DeviceDescription {
  const [{ key, value } = { key: '', value: undefined }, ...others] = keyValues(text);
  if (others.length === 0 && key === 'seed' && /^\d{1,9}$/.test(value ?? ''))
    return { kind: 'rng', seed: Number(value) };
  if (others.length === 0 && key === 'file' && value) return { kind: 'rng', file: value };
  throw new InvalidArgumentError(`expected seed=N or file=FILE, got '${text}'.`);
}

function hvc(text: string): DeviceDescription {
  const [output, input, ...others] = keyValues(text);
  const isPlain = output && output.key !== '' && output.value === undefined;
  if (!isPlain || others.length > 0 || (input && (input.key !== 'input' || !input.value || output.key === 'stdio'))) {
    throw new InvalidArgumentError(`expected stdio, none or FILE, then perhaps ,input=FILE, got '${text}'.`);
  }
  const to = output.key === 'stdio' || output.key === 'none' ? output.key : { file: output.key };
  return { kind: 'hvc', output: to, ...(input?.value && { inputFile: input.value }) };
}

function startTime(text: string): number {
  const time = parseStartTime(text, Date.now());
  if (time === undefined) throw new InvalidArgumentError(`expected now or a date such as 2026-01-31, got '${text}'.`);
  return time;
}

function instructionTime(text: string): number {
  const time = Number(text);
  if (Number.isInteger(time) && time >= 1 && time <= MAX_INSTRUCTION_TIME) return time;
  throw new InvalidArgumentError(`expected whole nanoseconds, 1 to ${MAX_INSTRUCTION_TIME}, got '${text}'.`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`expected seconds above 0, got '${text}'.`);
  return value;
}
