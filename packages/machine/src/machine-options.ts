import type { HostConsole, TlbModel, TraceSink } from '@worldswitch/contracts';
import type { InstructionSet } from '@worldswitch/isa';
import type { AddedDevice } from './board/added-device.ts';
import type { BlockBackend } from './devices/virtio-block.ts';
import type { VirtioDevice } from './devices/virtio-mmio.ts';
import type { EngineName } from './engine/create-engine.ts';
import type { ControlOperation } from './hart/control.ts';

/** What a machine is made of. All but `memoryBytes` and one of `kernel` and `firmware` may be left out. */
export interface MachineOptions {
  /** RAM in bytes: a multiple of 64 KiB, at most 3 GiB. */
  readonly memoryBytes: number;
  /** ELF, Linux Image or raw code, started in supervisor mode: by the built-in SBI, or by `firmware`. */
  readonly kernel?: Uint8Array;
  /** ELF or raw code at the start of RAM, started in machine mode. Without it the SBI is built in. */
  readonly firmware?: Uint8Array;
  /** Initial RAM disk: put into RAM, and named in the device tree. */
  readonly initrd?: Uint8Array;
  /** Kernel command line. */
  readonly bootArguments?: string;
  /** A disk for virtio-mmio slot 0: its contents, or something that holds them. */
  readonly disk?: Uint8Array | BlockBackend;
  /** More virtio devices, for the slots after the disk; undefined leaves a slot empty. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  /** Devices besides those of the board, with registers in memory. */
  readonly devices?: readonly AddedDevice[];
  /** Default `compiled`. */
  readonly engine?: EngineName;
  /** Milliseconds, for `statistics` only: without it they say nothing about time. Reading it often costs a little. */
  readonly statisticsClock?: () => number;
  /** 1 to 8, default 1. */
  readonly harts?: number;
  /** Supervisor software interrupts by an ACLINT SSWI device, as QEMU's `aclint=on`. Default false. */
  readonly aclint?: boolean;
  /** Time of day that the real-time clock begins with: milliseconds since 1970-01-01 UTC. Default: 2026-01-01. */
  readonly startTime?: number;
  /**
   * Nanoseconds of virtual time that an instruction takes while one hart runs: whole ones, 1 to 1024, default 1. Harts that run
   * side by side share the time. Software that waits by counting gets on sooner with more: QEMU's `-icount shift=N` is 2^N.
   */
  readonly instructionTime?: number;
  /** Model of the hart's TLB, or what makes one for each hart. Default: 1024 sets of 4 ways, first in first out. */
  readonly tlb?: TlbModel | ((hart: number) => TlbModel);
  /** Where the UART is connected to. Default: output is dropped, nothing is typed. */
  readonly console?: HostConsole;
  /** Told of traps and of calls of the firmware: the same as listening to `trace` events. */
  readonly trace?: TraceSink;
  /** Name that trace events carry. Default `bare`. */
  readonly world?: string;
  /** Default: all extensions of `@worldswitch/isa`. */
  readonly instructionSet?: InstructionSet;
  /** Control operations of added instruction-set extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

/** What a snapshot does not hold: how the machine runs, and what it is connected to. */
export type RestoreOptions = Omit<
  MachineOptions,
  'memoryBytes' | 'harts' | 'instructionTime' | 'kernel' | 'firmware' | 'initrd' | 'bootArguments'
>;

/** How far a machine runs: it returns at whichever comes first. */
export interface RunOptions {
  /** Exact; the instructions of all harts count. Default: no limit. */
  readonly maxInstructions?: number;
  /** Asked about every million instructions and whenever the machine idles. */
  readonly until?: () => boolean;
  /**
   * Ticks of 100 ns that may go by while all harts wait. When they have, and the harts still wait, the run ends with `waiting`, or
   * with `idle` when no timer is set. Whoever hands out no more than have gone by on the wall makes an idle machine wait as a real
   * one does. Default: no limit, time passes at once to the next timer.
   */
  readonly maxIdleTicks?: number;
  /**
   * Looks every so many instructions whether the machine repeats itself for ever: registers and memory as they were, no device
   * accessed, no interrupt to come. Then the run ends with `stuck`. Machines that compute, poll the time or wait are left
   * alone. Default: no looking.
   */
  readonly watchdog?: number;
}
