import type { Machine } from '@worldswitch/machine';

const NAMES =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(' ');
const SHOWN_CSRS =
  'mstatus mip mie mideleg medeleg mtvec stvec mepc sepc mcause scause mtval stval mscratch sscratch satp'.split(' ');
const hex = (value: bigint) => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

/** Program counter, main CSRs and integer registers of every hart, as QEMU's `info registers` lays them out. */
export function registerText(machine: Machine): string {
  const { vcpu, hart } = machine.board;
  const address = new Map(hart.instructionSet.csrs.map((csr) => [csr.name, csr.address]));
  const lines = [`hart ${hart.id}`, ` pc       ${hex(vcpu.pc)}`, ` privilege ${vcpu.privilege}`];
  for (const name of SHOWN_CSRS) {
    const at = address.get(name);
    if (at !== undefined && hart.csrs.has(at)) lines.push(` ${name.padEnd(8)} ${hex(vcpu.readCsr(at))}`);
  }
  for (let row = 0; row < 32; row += 4) {
    const cells = [0, 1, 2, 3].map((column) => {
      const register = row + column;
      return `x${register}/${NAMES[register]}`.padEnd(9) + hex(vcpu.readX(register));
    });
    lines.push(` ${cells.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}
