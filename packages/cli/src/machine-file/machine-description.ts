import type { TlbModel } from '@worldswitch/contracts';
import type { InstructionSet } from '@worldswitch/isa';
import type { AddedDevice, ControlOperation, EngineName } from '@worldswitch/machine';

/** A disk of a described machine. */
export interface DriveDescription {
  readonly file: string;
  readonly readOnly: boolean;
  /** Changes stay in memory and end with the machine. */
  readonly snapshot: boolean;
  /** A file that keeps the changes; `file` itself stays as it is. */
  readonly overlay?: string;
}

/** A source of random bytes: `/dev/hwrng` of Linux. The same in every run, unless they are read from a file of the host. */
export interface RngDescription {
  readonly kind: 'rng';
  /** Default 0. */
  readonly seed?: number;
  /** A file of the host instead, such as /dev/urandom; a plain file begins again at its end. */
  readonly file?: string;
}

/** What a virtio console is connected to. */
export interface HvcWiring {
  readonly output: 'stdio' | 'none' | { readonly file: string };
  /** What is typed, when `output` is not stdio. */
  readonly inputFile?: string;
}

/** A virtio device that is no disk; `hvc` is a console, `/dev/hvc0` of Linux. */
export type DeviceDescription = RngDescription | ({ readonly kind: 'hvc' } & HvcWiring) | { readonly kind: 'balloon' };

/** A computer by its parts: what `run --kernel`, a machine file and `worldswitch-qemu` each say in their own way. */
export interface MachineDescription {
  readonly kernel?: string;
  readonly initrd?: string;
  /** Kernel command line. */
  readonly append?: string;
  /** `default`: the built-in SBI; `none`: the kernel itself, in machine mode; else a firmware file. */
  readonly bios: string;
  readonly memoryBytes: number;
  readonly harts: number;
  /** From the highest virtio-mmio slot down, as QEMU fills them; undefined leaves a slot empty. */
  readonly drives: readonly (DriveDescription | undefined)[];
  /** The same for other devices: a place has a drive, or a device, or neither. */
  readonly devices?: readonly (DeviceDescription | undefined)[];
  readonly engine?: EngineName;
  /** Makes the TLB model of each hart. */
  readonly createTlb?: () => TlbModel;
  /** Default: all built-in extensions. */
  readonly instructionSet?: InstructionSet;
  /** Control operations of added extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
  /** Devices of the user's own, besides those of the board. */
  readonly added?: readonly AddedDevice[];
  /** Supervisor software interrupts by an ACLINT device. */
  readonly aclint?: boolean;
  /** Time of day at the start: milliseconds since 1970-01-01 UTC. */
  readonly startTime?: number;
  /** Nanoseconds that an instruction takes: 1 to MAX_INSTRUCTION_TIME, default 1. */
  readonly instructionTime?: number;
}

/**
 * How time goes by while all harts wait. `wait`: as the clock on the wall, as in a real machine. `race`: at once to the next timer.
 */
export const idleWays = ['wait', 'race'] as const;
export type IdleWay = (typeof idleWays)[number];

/** What ends a run before the machine ends by itself, and how time goes by. */
export interface RunLimits {
  /** Default: `wait` while something may still be typed or gdb is there, `race` after. */
  readonly idle?: IdleWay;
  /** Counted from where this run begins, as the next. */
  readonly maxInstructions?: number;
  /** Virtual time, in seconds. */
  readonly maxSeconds?: number;
  /** Console texts that must all come, in this order; the last one ends the run. */
  readonly expectText: readonly string[];
  /** Console texts of which none may come. */
  readonly failText: readonly string[];
}

/** Places `devices` after the drives. */
export function afterDrives(
  drives: number,
  devices: readonly DeviceDescription[],
): Pick<MachineDescription, 'devices'> {
  return devices.length === 0 ? {} : { devices: [...new Array<undefined>(drives).fill(undefined), ...devices] };
}

export const HARTS_MAX = 8;
const UNITS = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;
const MEMORY_MIN = 2 ** 21;
const MEMORY_MAX = 3 * 2 ** 30;

/** What a size of memory must be, for messages. */
export const memoryRule = 'a size from 2M to 3G in steps of 64K, such as 512M';

/**
 * A size as people write it: `512M`, `1G`; without a unit in units of `unit`.
 * @returns bytes, or undefined when it is not a size that a machine can have.
 */
export function parseMemory(text: string, unit: 1 | 1_048_576 = 1): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMG])?(?:i?B)?$/i.exec(text.trim());
  if (!match) return undefined;
  const letter = match[2]?.toUpperCase() as keyof typeof UNITS | undefined;
  const bytes = Number(match[1]) * (letter ? UNITS[letter] : unit);
  return bytes >= MEMORY_MIN && bytes <= MEMORY_MAX && bytes % 2 ** 16 === 0 ? bytes : undefined;
}

/** `now`, or a date as ISO 8601 has it, UTC where it names no zone: milliseconds since 1970-01-01; undefined for anything else. */
export function parseStartTime(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const time = Date.parse(/T[\d:.]+$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}
