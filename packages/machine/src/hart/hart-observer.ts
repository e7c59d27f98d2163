import type { TlbEntry } from '@worldswitch/contracts';
import type { PrivilegeLevel } from '@worldswitch/isa';
import type { Hart } from './hart.ts';

/** Hears of changes of control inside the machine. Costs nothing when absent. */
export interface HartObserver {
  /** A trap enters a handler in the machine (not one that ends a slice). The state is that before the trap. */
  trap?(hart: Hart, cause: number, isInterrupt: boolean, value: bigint, from: PrivilegeLevel, to: PrivilegeLevel): void;
  /** sret or mret is carried out. */
  trapReturn?(hart: Hart, instruction: 'sret' | 'mret', from: PrivilegeLevel, to: PrivilegeLevel): void;
  /** A load from or a store to a device, at its physical address; a load was made, a store is about to be. */
  deviceAccess?(hart: Hart, access: DeviceAccess): void;
  /** An instruction has read a CSR and maybe written it. Seen by the reference engine alone: others keep plain CSRs to themselves. */
  csrAccess?(hart: Hart, address: number, old: bigint, isWrite: boolean): void;
  /** The TLB took in a translation. */
  tlbFill?(hart: Hart, entry: TlbEntry): void;
  /** sfence.vma and its like: undefined means all. */
  tlbFlush?(hart: Hart, asid: number | undefined, page: number | undefined): void;
}

/** A hart's access to a device. */
export interface DeviceAccess {
  readonly device: string;
  /** Physical. */
  readonly address: number;
  /** From the start of the device's window. */
  readonly offset: number;
  /** Bytes. */
  readonly width: number;
  readonly isWrite: boolean;
  readonly value: bigint;
}
