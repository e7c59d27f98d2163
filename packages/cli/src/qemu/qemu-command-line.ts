/** A command line of qemu-system-riscv64, read by the table of its arguments. */
import { ExitCode, UserError } from '../exit-codes.ts';
import type { DriveDescription, MachineDescription } from '../machine-file/machine-description.ts';
import type { ConsoleWiring, MachineRunOptions } from '../machine-file/run-options.ts';
import { qemuArguments } from './qemu-arguments.ts';
import { placeDevices } from './qemu-devices.ts';
import { lacking, type QemuState, wrong } from './qemu-state.ts';

/** What a command line asks for. */
export type QemuRequest =
  | { readonly kind: 'help' | 'version' }
  | {
      readonly kind: 'run';
      readonly description: MachineDescription;
      readonly options: MachineRunOptions;
      /** Drives that no device shows to the guest: their files must be there all the same. */
      readonly idleDrives: readonly DriveDescription[];
    };

const byName = new Map(qemuArguments.flatMap((argument) => argument.names.map((name) => [name, argument] as const)));

/**
 * Reads a command line of qemu-system-riscv64.
 * @throws UserError for the first argument that is unknown, wrong or not supported.
 */
export function parseQemuArguments(args: readonly string[]): QemuRequest {
  const state: QemuState = {
    machine: undefined,
    memoryBytes: 128 * 2 ** 20,
    harts: 1,
    bios: 'default',
    drives: new Map(),
    rngs: new Map(),
    chardevs: new Map(),
    devices: [],
    serial: undefined,
    monitor: undefined,
    isNographic: false,
    reboots: true,
    staysAfterPoweroff: false,
    startsStopped: false,
    isSnapshot: false,
    aclint: false,
  };
  for (let at = 0; at < args.length; at++) {
    const text = args[at]!;
    const name = /^--?(.+)$/.exec(text)?.[1];
    if (name === undefined) {
      const file = text || 'F';
      throw new UserError(
        `'${text}' is no argument: a kernel goes into -kernel ${file}, a disk image into -drive file=${file}`,
        ExitCode.usage,
      );
    }
    if (name === 'h' || name === 'help') return { kind: 'help' };
    if (name === 'version') return { kind: 'version' };
    const argument = byName.get(name);
    if (!argument) throw new UserError(`${text} is unknown; -help lists the arguments that are taken`, ExitCode.usage);
    if (argument.support === 'no') throw lacking(text, argument.note);
    const value = argument.value === undefined ? '' : args[++at];
    if (value === undefined) throw new UserError(`${text} needs a value: ${argument.value}`, ExitCode.usage);
    argument.apply?.(state, value);
  }
  return { kind: 'run', ...finish(state) };
}

function finish(state: QemuState): Omit<Extract<QemuRequest, { kind: 'run' }>, 'kind'> {
  if (state.machine === undefined) throw new UserError('no machine was chosen: give -machine virt', ExitCode.usage);
  const { kernel, initrd, append, bios, memoryBytes, harts } = state;
  const { idleDrives, ...placed } = placeDevices(state);
  return {
    idleDrives,
    description: {
      bios,
      memoryBytes,
      harts,
      ...placed,
      ...(state.aclint && { aclint: true }),
      ...(state.startTime !== undefined && { startTime: state.startTime }),
      ...(state.instructionTime !== undefined && { instructionTime: state.instructionTime }),
      ...(kernel !== undefined && { kernel }),
      ...(initrd !== undefined && { initrd }),
      ...(append !== undefined && { append }),
    },
    options: {
      ...wiring(state),
      reboots: state.reboots,
      staysAfterPoweroff: state.staysAfterPoweroff,
      startsStopped: state.startsStopped,
      ...(state.gdb && { gdb: state.gdb }),
      ...(state.idle && { idle: state.idle }),
      expectText: [],
      failText: [],
    },
  };
}

function wiring({ serial, monitor, isNographic, chardevs, devices }: QemuState): ConsoleWiring {
  const terminal = devices
    .map(({ device }) => (device.kind === 'serial' ? chardevs.get(device.chardev ?? '') : undefined))
    .find((chardev) => chardev?.output === 'stdio');
  if (terminal) {
    const isTaken = monitor === 'stdio' || serial === 'stdio' || serial === 'mon:stdio' || (isNographic && !serial);
    if (isTaken) throw wrong('chardev', 'stdio is in use for the console or the monitor; add -serial none');
    return { serial: serial ?? 'none', monitor: terminal.isMultiplexed ? 'escape' : 'none' };
  }
  // Without a display QEMU's other default, a window, is no choice: the console is on the terminal.
  const line = serial ?? (monitor === 'stdio' ? 'none' : isNographic && monitor === undefined ? 'mon:stdio' : 'stdio');
  if (line === 'mon:stdio') return { serial: 'stdio', monitor: monitor === 'none' ? 'none' : 'escape' };
  if (line === 'stdio' && monitor === 'stdio')
    throw wrong('monitor', 'the console is on stdio already; use -serial mon:stdio');
  return { serial: line, monitor: monitor === 'stdio' ? 'stdio' : 'none' };
}
