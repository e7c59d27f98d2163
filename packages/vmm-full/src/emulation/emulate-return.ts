import { Sstatus } from '../virtual-hart/virtual-hart.ts';
import { setVirtualMode, type VirtualMachine } from '../virtual-machine.ts';

/** sret (privileged ISA, "Trap-Return Instructions" and the interrupt-enable stack of sstatus). */
export function emulateSupervisorReturn(vm: VirtualMachine): void {
  const { hart, vcpu } = vm;
  const old = hart.status;
  let status = (old & ~(Sstatus.SPP | Sstatus.SIE)) | Sstatus.SPIE;
  if ((old & Sstatus.SPIE) !== 0) status |= Sstatus.SIE;
  hart.status = status;
  vm.nestedExceptions = 0;
  vcpu.pc = hart.sepc;
  if ((old & Sstatus.SPP) === 0) setVirtualMode(vm, true);
}
