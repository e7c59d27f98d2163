import type { PrivilegeLevel } from '@worldswitch/isa';
import type { VcpuCounters } from './metrics.ts';

/** Translation schemes by their satp.MODE encoding (privileged ISA, "Supervisor Address Translation and Protection Register"). */
export const TranslationMode = { bare: 0, sv39: 8, sv48: 9, sv57: 10 } as const;
export type TranslationMode = (typeof TranslationMode)[keyof typeof TranslationMode];

/** Why a slice ended. One object per Vcpu is reused: read it before the next `run`. */
export interface Exit {
  /**
   * `trap`: an exception reached machine mode, whose software is the host; the context's pc is that of the instruction that
   * caused it and nothing of it happened.
   * `interrupt`: a machine-level interrupt that the host enabled is pending (`cause` says which); pc is the next instruction.
   * `budget`: the instructions asked for have retired.
   * `wait`: WFI in a mode where it is allowed, and no interrupt is pending; pc is the next instruction.
   */
  readonly kind: 'trap' | 'interrupt' | 'budget' | 'wait';
  /** Exception or interrupt code for `trap` and `interrupt`, else 0. */
  readonly cause: number;
  /** What mtval would hold: faulting virtual address or instruction bits, in [0, 2^64). */
  readonly trapValue: bigint;
  /** Privilege in which the slice ended. */
  readonly privilege: PrivilegeLevel;
}

/**
 * One register context of the physical machine, run in slices by software that owns the machine: the host OS, or a VMM on it.
 * Contexts of one hart share its TLB, clock and engine. Entering one is O(1): nothing is copied and nothing is flushed.
 */
export interface Vcpu {
  /** Integer register as an unsigned 64-bit value; index 0 to 31, x0 is 0. */
  readX(index: number): bigint;
  writeX(index: number, value: bigint): void;
  /** Low 32 bits of an integer register, signed: for hot paths without bigint. */
  readXLow(index: number): number;
  /** Sets a register to a sign-extended 32-bit value: for hot paths without bigint. */
  writeXLow(index: number, value: number): void;
  /** Floating-point register, raw 64 bits. */
  readF(index: number): bigint;
  writeF(index: number, value: bigint): void;
  /** Virtual address of the next instruction, in [0, 2^64). */
  pc: bigint;
  privilege: PrivilegeLevel;
  /** CSR by address (isa: CsrAddress), without privilege checks or side effects of instructions. RangeError if there is none. */
  readCsr(address: number): bigint;
  writeCsr(address: number, value: bigint): void;
  /**
   * Selects translation for S- and U-mode, as writing satp does. `rootFrame` is the physical page number of the root table.
   * Flushes nothing: `asid` (0 to 65535) tags what the TLB holds.
   */
  setAddressSpace(mode: TranslationMode, asid: number, rootFrame: number): void;
  /**
   * sfence.vma: forgets translations, of one address space or of all, for one virtual page or for all.
   * @param page virtual page number.
   */
  fence(asid?: number, page?: number): void;
  /** Runs at most `maxInstructions` (exact), and returns why it stopped. The Exit is reused by the next call. */
  run(maxInstructions: number): Exit;
  readonly exit: Exit;
  /** Running totals of this context. */
  readonly counters: VcpuCounters;
  dispose(): void;
}

/** The machine as its owner gets it: what a host OS is started on. `machine` provides it; tests may hand in another. */
export interface HostHardware {
  readonly memory: import('./memory.ts').PhysicalMemory;
  /** Physical addresses that the owner may use freely: RAM less what the board keeps for itself. */
  readonly freeMemory: { readonly start: number; readonly end: number };
  createVcpu(): Vcpu;
  /** The console device. */
  readonly console: HostConsole;
  readonly clock: HostClock;
  /** Device-independent entropy, repeatable for a given seed. */
  random(): number;
}

export interface HostConsole {
  write(bytes: Uint8Array): void;
  /** Bytes typed and not yet read; empty when there are none. */
  read(maxBytes: number): Uint8Array;
}

/** Virtual time, derived from retired instructions unless the machine runs in real time. */
export interface HostClock {
  /** Ticks per second of `now`: 10_000_000 on the virt board. */
  readonly frequency: number;
  /** Ticks since the machine started. An integer below 2^53. */
  now(): number;
  /** Instructions of budget that bring the clock to `deadline`, at least 0. */
  instructionsUntil(deadline: number): number;
  /** Idle: lets time pass to `deadline` without running anything. Never goes back. */
  advanceTo(deadline: number): void;
}
