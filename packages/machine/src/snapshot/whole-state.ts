import type { SavedState } from '@worldswitch/contracts';
import { Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import type { Board } from '../board/board.ts';
import type { ConsoleBuffer } from '../board/console-buffer.ts';
import { SnapshotError } from '../errors.ts';
import { HartOffset } from '../hart/hart-state.ts';
import type { RunEnd } from '../run-end.ts';
import { type HartGroupState, MAX_HARTS } from '../schedule/hart-group.ts';
import type { HartSchedule, HartScheduleState } from '../schedule/hart-schedule.ts';
import { isInstructionTime, partsOf } from '../schedule/machine-clock.ts';
import { requireForm } from './state-json.ts';

/** The parts of a machine that have state, as the machine hands them out. */
export interface MachineParts {
  readonly board: Board;
  readonly schedule: HartSchedule;
  readonly output: ConsoleBuffer;
  /** Set once software has switched the machine off. */
  end: RunEnd | undefined;
}

/** Everything but the contents of RAM and of disks, between two slices. */
export type MachineState = {
  readonly group: HartGroupState;
  readonly schedule: HartScheduleState;
  /** In the order of the bus. */
  readonly devices: readonly { readonly name: string; readonly state: SavedState }[];
  /** Bytes that left the console. */
  readonly outputBytes: number;
  /** At most one. */
  readonly end: readonly { readonly reason: string; readonly exitCode: number }[];
};

/** Register contexts that belong to someone else than the board: a host OS or a virtual machine monitor runs on the harts. */
function requireNoGuests({ group, vcpus }: Board): void {
  const others = group.contexts - vcpus.length;
  if (others === 0) return;
  throw new SnapshotError(
    'harts',
    `they run ${others} register contexts of a host besides the machine's own, and what that host keeps in TypeScript cannot be saved`,
  );
}

/** Throws SnapshotError for a machine that runs, that lends its harts to a host, or with a device that cannot be saved. */
export function captureState({ board, schedule, output, end }: MachineParts): MachineState {
  if (board.group.running) throw new SnapshotError('machine', 'it cannot be saved while it runs: stop it before');
  requireNoGuests(board);
  const devices = board.bus.regions.map(({ device }) => {
    if (!device.save || !device.restore) throw new SnapshotError(device.name, 'this device cannot be saved');
    return { name: device.name, state: device.save() };
  });
  output.flush();
  return {
    group: board.group.save(board.vcpus.map(({ context }) => context)),
    schedule: schedule.save(),
    devices,
    outputBytes: output.total,
    end: end ? [{ reason: end.reason, exitCode: end.exitCode }] : [],
  };
}

/** Makes the machine what it was, but for RAM. The state must be one of this machine: see `requireState`. */
export function applyState(parts: MachineParts, state: MachineState): void {
  const { board, schedule, output } = parts;
  if (board.group.running) throw new SnapshotError('machine', 'it cannot be restored while it runs: stop it before');
  requireNoGuests(board);
  board.bus.regions.forEach(({ device }, index) => {
    attempt(device.name, () => device.restore?.(state.devices[index]!.state));
  });
  attempt('harts', () => {
    const contexts = board.vcpus.map(({ context }) => context);
    board.group.restore(contexts, state.group);
    schedule.restore(state.schedule);
  });
  output.total = state.outputBytes;
  const [end] = state.end;
  parts.end = end && { reason: end.reason as RunEnd['reason'], exitCode: end.exitCode };
}

function attempt(where: string, restore: () => void): void {
  try {
    restore();
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw new SnapshotError(where, (error as Error).message);
  }
}

/** What a hart counts on, and no instruction can make otherwise. */
function requireLegalContext(bytes: Uint8Array, where: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const privilege = view.getInt32(HartOffset.privilege, true);
  if (!Object.values(Privilege).includes(privilege as PrivilegeLevel)) {
    throw new SnapshotError(where, `there is no privilege level ${privilege}`);
  }
  const isVirtual = view.getInt32(HartOffset.isVirtual, true);
  if (isVirtual !== 0 && isVirtual !== 1)
    throw new SnapshotError(where, `a hart is in a guest or not, not ${isVirtual}`);
  if (view.getBigUint64(HartOffset.x, true) !== 0n) throw new SnapshotError(where, 'register x0 is not 0');
}

/** 1 to 8 harts share the time. */
const isTimeShare = (partsEach: number, instructionTime: number): boolean =>
  Array.from({ length: MAX_HARTS }, (_, others) => partsOf(instructionTime, others + 1)).includes(partsEach);

const hartStates: readonly string[] = [
  'started',
  'stopped',
  'suspended',
] satisfies HartScheduleState['harts'][0]['state'][];
const endReasons: readonly string[] = ['poweroff', 'reset'] satisfies RunEnd['reason'][];

/** Checks that what was read from a file has the form of this machine's state. Throws SnapshotError that names the place. */
export function requireState(value: SavedState, parts: MachineParts): MachineState {
  const model = captureState(parts);
  const found = value as MachineState;
  const outer = Object.fromEntries(Object.keys(model).map((field) => [field, 0]));
  requireForm(Object.fromEntries(Object.keys(found ?? {}).map((field) => [field, 0])), outer, 'state');
  requireForm(found.group, { ...model.group, harts: model.group.harts.map(() => ({})) }, 'group', 'outer');
  const { instructionTime, partsEach } = found.group.clock;
  if (!isInstructionTime(instructionTime) || !isTimeShare(partsEach, instructionTime)) {
    const found = `${partsEach} parts of ${instructionTime} ns`;
    throw new SnapshotError('group.clock', `an instruction does not take ${found}`);
  }
  found.group.harts.forEach((hart, index) => {
    // TLB models check their own states: how much is in them differs.
    const where = `harts[${index}]`;
    requireForm({ ...hart, tlb: [] }, { ...model.group.harts[index]!, tlb: [] }, where);
    if (!Array.isArray(hart.tlb)) throw new SnapshotError(`${where}.tlb`, 'expected a list');
    requireLegalContext(hart.context.bytes, where);
  });
  requireForm(found.schedule, model.schedule, 'schedule');
  if (!model.schedule.harts[found.schedule.turn]) {
    throw new SnapshotError('schedule', `there is no hart ${found.schedule.turn} whose turn it could be`);
  }
  if (!Number.isInteger(found.schedule.left)) {
    throw new SnapshotError('schedule', `a turn does not end after ${found.schedule.left} instructions`);
  }
  for (const { state } of found.schedule.harts) {
    if (!hartStates.includes(state)) throw new SnapshotError('schedule', `there is no hart state ${state}`);
  }
  requireForm(found.devices, model.devices, 'devices');
  requireForm(found.outputBytes, 0, 'outputBytes');
  requireForm(found.end, found.end?.length === 1 ? [{ reason: '', exitCode: 0 }] : [], 'end');
  for (const { reason } of found.end) {
    if (!endReasons.includes(reason)) throw new SnapshotError('end', `a machine does not end by ${reason}`);
  }
  return found;
}
