import { virtualPageNumber } from '@worldswitch/contracts';
import type { VirtualMachine } from '../virtual-machine.ts';

/**
 * sfence.vma rs1, rs2 (privileged ISA, "Supervisor Memory-Management Fence Instruction"): x0 for rs1 means every address, x0
 * for rs2 every address space and global mappings, too.
 */
export function emulateFence(vm: VirtualMachine, rs1: number, rs2: number): void {
  const page = rs1 === 0 ? undefined : virtualPageNumber(vm.vcpu.readX(rs1));
  const asid = rs2 === 0 ? undefined : vm.vcpu.readXLow(rs2) & 0xffff;
  vm.shadow.fence(page, asid);
}
