import {
  Actor,
  type HostKernel,
  type HostTask,
  type TraceSink,
  type Vcpu,
  type WorldResult,
} from '@worldswitch/contracts';
import type { Accounting } from './accounting/accounting.ts';
import type { ShadowPaging } from './shadow-paging/shadow-paging.ts';
import type { GuestRam } from './virtual-board/guest-ram.ts';
import type { VirtualBus } from './virtual-board/virtual-bus.ts';
import type { VirtualConsole } from './virtual-board/virtual-console.ts';
import type { VirtualUart } from './virtual-devices/uart16550.ts';
import type { VirtualHart } from './virtual-hart/virtual-hart.ts';

/** What the VMM knows about one virtual machine. Handlers of exits change it; nothing else does. */
export interface VirtualMachine {
  readonly name: string;
  readonly host: HostKernel;
  readonly vcpu: Vcpu;
  readonly ram: GuestRam;
  readonly bus: VirtualBus;
  readonly uart: VirtualUart;
  readonly console: VirtualConsole;
  readonly hart: VirtualHart;
  readonly shadow: ShadowPaging;
  readonly accounting: Accounting;
  readonly trace: TraceSink | undefined;
  /** Whether `time`, `cycle` and `instret` are read from the machine, without a trap, where the guest allows it. */
  readonly areCountersPassed: boolean;
  /** Whether the machine has floating-point registers to lend. */
  readonly hasFloat: boolean;
  /** The guest has stimecmp (Sstc), and need not ask the firmware for its timer. */
  readonly hasSstc: boolean;
  /** Host clock ticks at which the guest's time was 0. */
  readonly timeBase: number;
  /** Host clock ticks at which the guest's timer is due; Infinity for never. */
  timerDeadline: number;
  /** It executed WFI and nothing was pending. */
  isWaiting: boolean;
  /** The trace shows control with the VMM, while the guest waits. */
  isHeldInTrace: boolean;
  /** Instructions that the VMM carried out. */
  emulatedInstructions: number;
  /** Cause of the trap that the guest was made to take by this exit; empty when it just goes on. */
  injected: string;
  /** What the instruction that was just carried out on a device did, for the trace; empty without one. */
  deviceAccess: string;
  /** Exceptions that the guest kernel took one in another, without a return. */
  nestedExceptions: number;
  /** Exits since it last gave up its turn for them. */
  exitsThisTurn: number;
  /** Guest-physical range in which its initrd was put. */
  initrd: { readonly start: number; readonly end: number } | undefined;
  /** The scheduler's handle, once it runs. */
  task: HostTask | undefined;
  /** Its vcpu and memory are the host's again. */
  isReleased: boolean;
  /** Set once, when the machine is switched off or cannot go on. */
  end: WorldResult | undefined;
}

/** The first reason stays. */
export function endMachine(vm: VirtualMachine, result: WorldResult): void {
  vm.end ??= result;
}

export function endWithFault(vm: VirtualMachine, message: string): void {
  endMachine(vm, { reason: 'fault', exitCode: -1, message: `guest ${vm.name}: ${message}` });
}

/** Switches the machine off, as the guest asked. */
export function powerOff(vm: VirtualMachine, exitCode: number): void {
  endMachine(vm, { reason: 'exited', exitCode });
}

/** The guest asked for a restart, which a run of one program is not made for. */
export function refuseReset(vm: VirtualMachine): void {
  endMachine(vm, { reason: 'fault', exitCode: 0, message: `guest ${vm.name}: it asked for a reset` });
}

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Whose instructions the vcpu runs now. */
export function currentActor(vm: VirtualMachine): Actor {
  return vm.hart.isUser ? Actor.program : Actor.guestKernel;
}

/**
 * Changes the virtual mode: instructions are charged to whoever retired them, and the other mode's shadow table comes into
 * force.
 */
export function setVirtualMode(vm: VirtualMachine, isUser: boolean): void {
  const { hart, accounting, vcpu } = vm;
  if (hart.isUser !== isUser) {
    accounting.charge(vcpu.counters, hart.isUser);
    hart.isUser = isUser;
  }
  activateShadow(vm);
}

/** Lets the vcpu run on the shadow table for the guest's present satp, virtual mode, SUM and MXR. */
export function activateShadow(vm: VirtualMachine): void {
  if (!vm.shadow.activate()) endWithFault(vm, 'the host has no memory left for its shadow page tables');
}
