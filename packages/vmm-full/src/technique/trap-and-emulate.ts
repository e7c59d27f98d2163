import { CsrAddress, Privilege } from '@worldswitch/isa';
import { handleExit, noticeInterrupt } from '../exit.ts';
import { instructionsUntilTimer } from '../virtual-hart/timer.ts';
import type { Technique } from './technique.ts';

/**
 * The whole guest runs in the machine's user mode, unchanged. Every instruction that needs more privilege traps; the VMM carries
 * it out on virtual state (see exit.ts).
 */
export const trapAndEmulate: Technique = {
  name: 'trap-and-emulate',
  prepare(vm) {
    const { vcpu } = vm;
    vcpu.privilege = Privilege.user;
    // Virtual supervisor mode may read all counters, and is the machine's user mode: scounteren decides, as the guest set it.
    vcpu.writeCsr(CsrAddress.mcounteren, vm.areCountersPassed ? 7n : 0n);
    vcpu.writeCsr(CsrAddress.scounteren, vm.hart.scounteren);
  },
  instructionsUntilEvent(vm) {
    noticeInterrupt(vm);
    return instructionsUntilTimer(vm);
  },
  handleExit,
};
