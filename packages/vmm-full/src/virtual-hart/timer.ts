import { InterruptCause } from '@worldswitch/isa';
import type { VirtualMachine } from '../virtual-machine.ts';

const NEVER = 2n ** 53n;

/** The guest's `time` CSR: ticks since it was started. */
export function guestTime(vm: VirtualMachine): number {
  return vm.host.clock.now() - vm.timeBase;
}

/** Sets the one virtual timer, as SBI set_timer and stimecmp both do: STIP is set when `time` reaches the deadline. */
export function setTimer(vm: VirtualMachine, deadline: bigint): void {
  vm.hart.stimecmp = deadline;
  vm.timerDeadline = deadline >= NEVER ? Number.POSITIVE_INFINITY : Number(deadline) + vm.timeBase;
  vm.hart.isTimerPending = vm.host.clock.now() >= vm.timerDeadline;
}

/** Makes the timer interrupt pending when its time has come. */
export function raiseDueTimer(vm: VirtualMachine): void {
  if (vm.hart.isTimerPending || vm.host.clock.now() < vm.timerDeadline) return;
  vm.hart.isTimerPending = true;
}

/** Instructions until the timer is due; Infinity when it is not set, or already pending. */
export function instructionsUntilTimer(vm: VirtualMachine): number {
  if (vm.hart.isTimerPending || vm.timerDeadline === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return vm.host.clock.instructionsUntil(vm.timerDeadline);
}

/** Clock ticks at which a waiting guest has to be woken: a timer whose interrupt is not enabled wakes nobody. */
export function wakeDeadline(vm: VirtualMachine): number {
  const isTimerEnabled = (vm.hart.sie & (1 << InterruptCause.supervisorTimer)) !== 0;
  return isTimerEnabled ? vm.timerDeadline : Number.POSITIVE_INFINITY;
}
