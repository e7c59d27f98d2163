import { dirname, resolve } from 'node:path';
import { LoadError, parseElf } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import type {
  DeviceDescription,
  DriveDescription,
  MachineDescription,
} from '../../machine-file/machine-description.ts';
import type { MachineFile } from '../../machine-file/machine-file.ts';
import { openDrive } from '../files/drive.ts';
import { readInput, readText } from '../files/input.ts';
import { writeAll } from '../files/output.ts';
import { expectReplaceable } from '../files/snapshot-file.ts';
import { runMachine } from '../machine-run/run-machine.ts';
import { openDevice, readConsoleInput } from '../machine-run/virtio-devices.ts';
import { type MachineRunFlags, ownParts, refuseDescribingFlags, wayToRun } from './verb-machine.ts';

/** Whether an argument of `run` names a machine file, not a program. */
export function isMachineFile(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name);
}

/** Runs the machine that a file describes, as the flags and the file say. */
export async function machineFileVerb(path: string, flags: MachineRunFlags): Promise<number> {
  refuseDescribingFlags(flags, path);
  const file = await readMachineFile(path, firstOf);
  return await runMachine({ ...file.description, ...ownParts(flags) }, wayToRun(flags, file));
}

/** Says whether a machine file can be run: its keys, and that its files are there and are what they should be. */
export async function validateVerb(path: string): Promise<number> {
  const { description } = await readMachineFile(path, allOf);
  for (const [file, what] of [
    [description.kernel, 'kernel'],
    [description.initrd, 'initial RAM disk'],
    [['default', 'none'].includes(description.bios) ? undefined : description.bios, 'firmware'],
  ] as const) {
    if (file === undefined) continue;
    const bytes = readInput(file, what);
    if (what !== 'initial RAM disk') expectLoadable(bytes, `the ${what} '${file}'`);
  }
  for (const device of description.devices ?? []) if (device) expectUsable(device);
  // An overlay is made when it is not there: only its base is looked at.
  for (const drive of description.drives) {
    if (drive) openDrive({ file: drive.file, readOnly: drive.readOnly, snapshot: true }).close();
  }
  writeAll(1, `${path}: a machine of ${description.harts} hart(s) and ${description.memoryBytes / 2 ** 20} MiB\n`);
  return ExitCode.ok;
}

/** Looks at the files of a device, and leaves them as they are. */
function expectUsable(device: DeviceDescription): void {
  if (device.kind === 'rng') openDevice(device).close();
  if (device.kind !== 'hvc') return;
  if (device.inputFile !== undefined) readConsoleInput(device.inputFile);
  if (typeof device.output !== 'string') expectReplaceable(device.output.file);
}

/** Refuses what is meant as an ELF file and is none for this machine; raw code can be anything. */
function expectLoadable(bytes: Uint8Array, name: string): void {
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45) return;
  try {
    parseElf(bytes, name);
  } catch (error) {
    if (error instanceof LoadError) throw new UserError(error.message, ExitCode.badInput);
    throw error;
  }
}

/** How the mistakes of a file are told: each on a line of its own. */
function allOf(mistakes: readonly string[]): string {
  return mistakes.length === 1 ? ` ${mistakes[0]}` : mistakes.map((mistake) => `\n  ${mistake}`).join('');
}

/** How they are told to one who wants to run it: the first, and where the others are to be had. */
function firstOf([first, ...others]: readonly string[], path: string): string {
  return ` ${first}${others.length > 0 ? ` (and ${others.length} more: see worldswitch validate ${path})` : ''}`;
}

async function readMachineFile(
  path: string,
  tell: (mistakes: readonly string[], path: string) => string,
): Promise<MachineFile> {
  // Other commands start sooner without the reader of YAML.
  const { parseMachineFile } = await import('../../machine-file/machine-file.ts');
  const result = parseMachineFile(readText(path, 'machine file', 'YAML or JSON'));
  if ('errors' in result) {
    throw new UserError(`the machine file '${path}' is wrong:${tell(result.errors, path)}`, ExitCode.badInput);
  }
  return { ...result, description: besideFile(result.description, path) };
}

/** Names of files count from the folder that the machine file is in. */
function besideFile(description: MachineDescription, path: string): MachineDescription {
  const { kernel, initrd, bios, drives, devices } = description;
  const at = (name: string) => resolve(dirname(path), name);
  const placed = ({ file, overlay, ...drive }: DriveDescription): DriveDescription => ({
    ...drive,
    file: at(file),
    ...(overlay !== undefined && { overlay: at(overlay) }),
  });
  const placedDevice = (device: DeviceDescription): DeviceDescription => {
    if (device.kind === 'rng') return { ...device, ...(device.file !== undefined && { file: at(device.file) }) };
    if (device.kind === 'balloon') return device;
    const { output, inputFile } = device;
    return {
      ...device,
      output: typeof output === 'string' ? output : { file: at(output.file) },
      ...(inputFile !== undefined && { inputFile: at(inputFile) }),
    };
  };
  return {
    ...description,
    ...(kernel !== undefined && { kernel: at(kernel) }),
    ...(initrd !== undefined && { initrd: at(initrd) }),
    bios: bios === 'default' || bios === 'none' ? bios : at(bios),
    drives: drives.map((drive) => drive && placed(drive)),
    ...(devices && { devices: devices.map((device) => device && placedDevice(device)) }),
  };
}
