import { raiseDueTimer } from '../virtual-hart/timer.ts';
import type { VirtualMachine } from '../virtual-machine.ts';

/**
 * wfi (privileged ISA, "Wait for Interrupt"): goes on when an interrupt that sie enables is pending, even if sstatus.SIE masks
 * it; otherwise the host may give the hart to others.
 */
export function emulateWait(vm: VirtualMachine): void {
  raiseDueTimer(vm);
  vm.isWaiting = (vm.hart.pending & vm.hart.sie) === 0;
}
