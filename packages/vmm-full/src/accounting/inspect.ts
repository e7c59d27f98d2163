import { integerRegisterNames } from '@worldswitch/isa';
import { hex, type VirtualMachine } from '../virtual-machine.ts';

/** The state of a running machine for people, as plain JSON data. */
export function inspectMachine(vm: VirtualMachine): Record<string, unknown> {
  const { vcpu, hart, ram, shadow } = vm;
  return {
    virtualMode: hart.isUser ? 'user' : 'supervisor',
    pc: hex(vcpu.pc),
    registers: Object.fromEntries(integerRegisterNames.map((name, index) => [name, hex(vcpu.readX(index))])),
    csrs: {
      sstatus: hex(hart.status),
      sie: hex(hart.sie),
      sip: hex(hart.pending),
      stvec: hex(hart.stvec),
      sscratch: hex(hart.sscratch),
      sepc: hex(hart.sepc),
      scause: hex(hart.scause),
      stval: hex(hart.stval),
      satp: hex(hart.satp),
    },
    memory: { base: hex(ram.base), bytes: ram.size },
    shadowTables: shadow.describe(),
    shadowTableFrames: shadow.tableFrames,
    emulatedInstructions: vm.emulatedInstructions,
  };
}
