import type { HostHardware, NamespaceKind, PhysicalMemory, Vcpu } from '@worldswitch/contracts';
import type { AddressSpaceParts } from './memory/address-space.ts';
import type { FrameAllocator } from './memory/frames.ts';
import type { UserMemory } from './memory/user-memory.ts';
import type { Namespaces } from './namespaces/namespaces.ts';
import type { Scheduler } from './schedule/scheduler.ts';
import type { CallArguments, SystemCall } from './system-calls/system-call.ts';
import type { DirectoryInode } from './vfs/inode.ts';
import type { MemoryFileSystem } from './vfs/memory-files.ts';
import type { PipeCount } from './vfs/pipe.ts';

/** How fast processes are taken to run when their time is told from what they retired: an instruction takes 1 ns of virtual time. */
export const INSTRUCTIONS_PER_MICROSECOND = 1000;

/** What the parts of the kernel share. One for each host OS. */
export interface Kernel {
  readonly hardware: HostHardware;
  readonly memory: PhysicalMemory;
  readonly frames: FrameAllocator;
  readonly scheduler: Scheduler;
  readonly userMemory: UserMemory;
  readonly spaceParts: Omit<AddressSpaceParts, 'frames'>;
  /** By number. */
  readonly systemCalls: readonly (SystemCall | undefined)[];
  /** Of the call being handled. */
  readonly callArguments: CallArguments;
  readonly hostNamespaces: Namespaces;
  readonly deviceDirectory: DirectoryInode;
  readonly pipes: PipeCount;
  /** The harts have a floating-point unit. */
  readonly hasFloat: boolean;
  /** Seconds since 1970 at virtual time 0. */
  readonly epoch: number;
  /** Throws HostOsError EAGAIN when the machine has no more register contexts. */
  createVcpu(): Vcpu;
  nextInodeNumber(): number;
  memoryFileSystem(): MemoryFileSystem;
  /** New namespaces of these kinds, on top of others. */
  newNamespaces(old: Namespaces, kinds: readonly NamespaceKind[]): Namespaces;
}

const NANOSECONDS = 1_000_000_000n;

/** Virtual time since the machine started. */
export function monotonicNanoseconds(hardware: HostHardware): bigint {
  return (BigInt(hardware.clock.now()) * NANOSECONDS) / BigInt(hardware.clock.frequency);
}

/** Virtual time since 1970. */
export function realNanoseconds(hardware: HostHardware, epoch: number): bigint {
  return BigInt(epoch) * NANOSECONDS + monotonicNanoseconds(hardware);
}

/** Ticks of the clock that this many nanoseconds take, rounded up. */
export function ticksOf(hardware: HostHardware, nanoseconds: bigint): number {
  return Number((nanoseconds * BigInt(hardware.clock.frequency) + NANOSECONDS - 1n) / NANOSECONDS);
}
