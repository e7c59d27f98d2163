import type { TlbModel } from '@worldswitch/contracts';
import { createVirtioBlock, inspectSnapshot, Machine, SnapshotError, type VirtioDevice } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { HARTS_MAX, type MachineDescription } from '../../machine-file/machine-description.ts';
import type { OpenDrive } from '../files/drive.ts';
import { readInput } from '../files/input.ts';
import { withSnapshots } from '../files/snapshot-file.ts';
import { tlbNamed } from '../options.ts';
import { startMistake } from './start-mistake.ts';
import type { OpenDevice, TerminalEnds } from './virtio-devices.ts';

/** Places for drives and other virtio devices. */
export const VIRTIO_SLOTS = 8;

type Slots = readonly (VirtioDevice | undefined)[];
/** Makes the machine, again at each reset. */
export type MachineMaker = (virtio: Slots, console: MachineConsole) => Machine;
interface MachineConsole {
  write(bytes: Uint8Array): void;
  read(maxBytes: number): Uint8Array;
}

/** What stands behind the slots, from the highest down; it outlives the machines. */
export interface Parts {
  readonly drives: readonly (OpenDrive | undefined)[];
  readonly devices: readonly (OpenDevice | undefined)[];
  /** What is typed goes to one of the devices, not to the serial line. */
  readonly hasTerminalDevice: boolean;
}

export function slotsOf({ drives, devices }: Parts, terminal: TerminalEnds): Slots {
  return Array.from({ length: VIRTIO_SLOTS }, (_, slot) => {
    const place = VIRTIO_SLOTS - 1 - slot;
    const drive = drives[place];
    return drive ? createVirtioBlock(drive.backend) : devices[place]?.create(terminal);
  });
}

/** Reads the files at each start, the first and those after a reset: kept, they would take as much memory as in the guest. */
export function machineMaker(description: MachineDescription): MachineMaker {
  const { bios, harts, memoryBytes, engine } = description;
  if (!Number.isInteger(harts) || harts < 1 || harts > HARTS_MAX) {
    throw new UserError(`a machine has 1 to ${HARTS_MAX} harts, not ${harts}`, ExitCode.usage);
  }
  const hasFirmware = bios !== 'default' && bios !== 'none';
  if (description.kernel === undefined && !hasFirmware) {
    throw new UserError('there is nothing to run: give a kernel or a firmware file', ExitCode.usage);
  }
  const file = (path: string | undefined, what: string) => (path === undefined ? undefined : readInput(path, what));
  return (virtio, console) => {
    const kernel = file(description.kernel, 'kernel');
    const initrd = file(description.initrd, 'initial RAM disk');
    // Without firmware the kernel itself begins in machine mode.
    const firmware = bios === 'none' ? kernel : hasFirmware ? readInput(bios, 'firmware') : undefined;
    try {
      return Machine.create({
        memoryBytes,
        harts,
        console,
        virtio,
        ...(firmware && { firmware }),
        ...(kernel && bios !== 'none' && { kernel }),
        ...(initrd && { initrd }),
        ...(description.append !== undefined && { bootArguments: description.append }),
        ...(engine && { engine }),
        ...(description.createTlb && { tlb: description.createTlb }),
        ...ownPartsOf(description),
        ...(description.aclint && { aclint: true }),
        ...(description.startTime !== undefined && { startTime: description.startTime }),
        ...(description.instructionTime !== undefined && { instructionTime: description.instructionTime }),
      });
    } catch (error) {
      throw startMistake(error, description.kernel, kernel);
    }
  };
}

/** The machine of a snapshot and those that build on it, once. */
export function machineRestorer(snapshots: readonly Uint8Array[], description: MachineDescription): MachineMaker {
  const { engine } = description;
  let isRestored = false;
  return (virtio, console) => {
    if (isRestored)
      throw new UserError('the machine was reset, and a restored one has nothing to boot', ExitCode.badInput);
    isRestored = true;
    return withSnapshots('restore the machine', () => {
      requireSavedDevices(snapshots.at(-1)!, virtio);
      try {
        const tlb = description.createTlb ?? savedTlb(inspectSnapshot(snapshots.at(-1)!).board.tlb);
        return Machine.restore(snapshots, {
          console,
          virtio,
          ...(engine && { engine }),
          tlb,
          ...ownPartsOf(description),
        });
      } catch (error) {
        throw error instanceof SnapshotError ? rngMistake(error, snapshots.at(-1)!, description) : error;
      }
    });
  };
}

/** What of a machine is the user's own code, besides the TLB. */
function ownPartsOf({ instructionSet, controls, added }: MachineDescription) {
  return {
    ...(instructionSet && { instructionSet }),
    ...(controls && { controls }),
    ...(added && { devices: added }),
  };
}

/** Makes TLBs of the model that a snapshot names. */
function savedTlb(name: string): () => TlbModel {
  const create = tlbNamed(name);
  if (create) return create;
  throw new UserError(
    `the machine was saved with the TLB '${name}', which is none of this command's: give its file with --tlb`,
    ExitCode.usage,
  );
}

/** Options of `run` by the name of the device that they connect. */
const deviceOptions = { block: '--drive', entropy: '--rng', console: '--hvc', balloon: '--balloon' } as const;

/** Says which options are to be given, or left out, for the machine to have the devices that the saved one had. */
function requireSavedDevices(snapshot: Uint8Array, virtio: Slots): void {
  const saved = inspectSnapshot(snapshot).board.devices;
  const [more, fewer]: [string[], string[]] = [[], []];
  for (const [name, option] of Object.entries(deviceOptions)) {
    const wanted = saved.filter((device) => device === `virtio-mmio ${name}`).length;
    const found = virtio.filter((device) => device?.name === name).length;
    if (found === wanted) continue;
    (found < wanted ? more : fewer).push(wanted > 1 ? `${option} ${wanted} times` : option);
  }
  if (more.length + fewer.length === 0) return;
  const disks = more.some((option) => option.startsWith('--drive')) ? ' (disks with the contents that they had)' : '';
  const parts = [
    ...(more.length > 0 ? [`give ${more.join(' and ')}${disks}`] : []),
    ...(fewer.length > 0 ? [`leave ${fewer.join(' and ')} out`] : []),
  ];
  throw new UserError(
    `cannot restore the machine: it was saved with other devices: ${parts.join(', and ')}`,
    ExitCode.badInput,
  );
}

/** A source of random bytes has a state of its own form when it is a seed, and none when it is a file. */
function rngMistake(error: SnapshotError, snapshot: Uint8Array, { devices }: MachineDescription): Error {
  const index = /^devices\[(\d+)\]\.state\.device$/.exec(error.where)?.[1];
  const rng = devices?.find((device) => device?.kind === 'rng');
  if (index === undefined || !rng) return error;
  if (inspectSnapshot(snapshot).board.devices[Number(index)] !== 'virtio-mmio entropy') return error;
  const hint =
    rng.file === undefined
      ? 'came from a file: give --rng file=FILE'
      : 'did not come from a file: give --rng without file=';
  return new UserError(`cannot restore the machine: its random bytes ${hint}`, ExitCode.badInput);
}
