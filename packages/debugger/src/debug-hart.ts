import type { Hart, Machine } from '@worldswitch/machine';
import { type Translation, translateAddress } from './address-translation.ts';

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
  return ['U', 'S', '?', 'M'][vcpu.privilege] ?? '?';
}

/** Where a virtual address of a hart's current mode lies in physical memory; undefined where nothing is mapped. */
export function translate({ hart, vcpu }: DebugHart, address: bigint): Translation | undefined {
  return translateAddress(hart.ram, { satp: vcpu.privilege === 3 ? 0n : vcpu.readCsr(SATP) }, address);
}

export const SATP = 0x180;
