import { createVirtioBlock, LoadError, Machine, MachineError, type VirtioDevice } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { HARTS_MAX, type MachineDescription } from '../../machine-file/machine-description.ts';
import type { OpenDrive } from '../files/drive.ts';
import { readInput } from '../files/input.ts';
import { withSnapshots } from '../files/snapshot-file.ts';
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
        ...(description.aclint && { aclint: true }),
        ...(description.startTime !== undefined && { startTime: description.startTime }),
        ...(description.instructionTime !== undefined && { instructionTime: description.instructionTime }),
      });
    } catch (error) {
      if (!(error instanceof LoadError || error instanceof MachineError)) throw error;
      throw new UserError(`the machine cannot be started: ${error.message}`, ExitCode.badInput);
    }
  };
}

/** The machine of a snapshot and those that build on it, once. */
export function machineRestorer(snapshots: readonly Uint8Array[], { engine }: MachineDescription): MachineMaker {
  let isRestored = false;
  return (virtio, console) => {
    if (isRestored)
      throw new UserError('the machine was reset, and a restored one has nothing to boot', ExitCode.badInput);
    isRestored = true;
    return withSnapshots('restore the machine', () =>
      Machine.restore(snapshots, { console, virtio, ...(engine && { engine }) }),
    );
  };
}
