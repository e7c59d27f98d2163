import type { Hart, Machine } from '@worldswitch/machine';
import { type AddressSpace, type Translation, translateAddress } from './address-translation.ts';

/** A hart with its register context. */
export type DebugVcpu = Machine['board']['vcpu'];

/** A hart as debuggers see it: everything of it can be read and written while the machine does not run. */
export interface DebugHart {
  /** mhartid. */
  readonly id: number;
  readonly hart: Hart;
  readonly vcpu: DebugVcpu;
  /** Whether it runs, waits for an interrupt, or was not started. */
  readonly activity: 'running' | 'waiting' | 'stopped';
}

export function debugHartsOf(machine: Machine): readonly DebugHart[] {
  return machine.harts.map((scheduled) => ({
    id: scheduled.hart.id,
    hart: scheduled.hart,
    vcpu: scheduled.vcpu,
    get activity() {
      if (scheduled.state === 'stopped') return 'stopped';
      return scheduled.isWaiting ? 'waiting' : 'running';
    },
  }));
}

/** The name of the mode a hart is in. */
export function modeName({ vcpu }: DebugHart): string {
  const name = ['U', 'S', '?', 'M'][vcpu.privilege] ?? '?';
  return vcpu.context.isVirtual ? `V${name}` : name;
}

/** The page tables in force for a hart, as its mode has them. */
export function addressSpaceOf({ vcpu }: DebugHart): AddressSpace {
  if (vcpu.privilege === 3) return { satp: 0n };
  const satp = vcpu.readCsr(SATP);
  return vcpu.context.isVirtual ? { satp, hgatp: vcpu.readCsr(HGATP) } : { satp };
}

/** Where a virtual address of a hart's current mode lies in physical memory; undefined where nothing is mapped. */
export function translate(hart: DebugHart, address: bigint): Translation | undefined {
  return translateAddress(hart.hart.ram, addressSpaceOf(hart), address);
}

/** While V = 1 it is vsatp that answers to this address. */
const SATP = 0x180;
const HGATP = 0x680;
