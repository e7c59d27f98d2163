import type { Exit } from '@worldswitch/contracts';
import {
  CsrAddress,
  csrByAddress,
  csrTable,
  defaultInstructionSet,
  encode,
  type OperandValues,
  Privilege,
} from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { virtualCsrByAddress, virtualCsrs } from '../src/virtual-hart/virtual-csr.ts';
import { Sstatus, SupervisorInterrupt } from '../src/virtual-hart/virtual-hart.ts';
import { createGuest } from './guest.ts';
import { createHost } from './host.ts';
import { createRandom } from './random.ts';

const CODE = 0x8000_1000;
const instructions = ['csrrw', 'csrrs', 'csrrc', 'csrrwi', 'csrrsi', 'csrrci'] as const;
const bitsOf = (name: string, operands: OperandValues) =>
  encode(defaultInstructionSet().encodedByName(name)!, operands);
/** Different by nature: they count. */
const counting: readonly number[] = [CsrAddress.cycle, CsrAddress.time, CsrAddress.instret, CsrAddress.stimecmp];

/** A real supervisor mode, and a virtual one, side by side. */
function createPair() {
  const { hardware } = createHost();
  const real = hardware.createVcpu();
  real.writeCsr(CsrAddress.mcounteren, 7n);
  real.writeCsr(CsrAddress.scounteren, 7n);
  real.writeCsr(CsrAddress.mideleg, 0x222n);
  real.writeCsr(CsrAddress.menvcfg, 1n << 63n);
  real.writeCsr(CsrAddress.stimecmp, (1n << 64n) - 1n);
  // The floating-point unit is on, and in its initial state.
  real.writeCsr(CsrAddress.mstatus, 1n << 13n);
  const { host } = createHost();
  const guest = createGuest(host, 'wfi', { hasSstc: true });
  const { vm } = guest;

  /** Executes one CSR instruction in both, and gives what each made of it: rd, or illegal. */
  const execute = (bits: number, isStatus: boolean) => {
    // No interrupt may be taken in between: either none is pending or they are masked.
    if (isStatus) {
      real.writeCsr(CsrAddress.sip, 0n);
      vm.hart.isSoftwarePending = false;
    } else {
      real.writeCsr(CsrAddress.sstatus, real.readCsr(CsrAddress.sstatus) & ~BigInt(Sstatus.SIE));
      vm.hart.status &= ~Sstatus.SIE;
    }
    hardware.memory.write32(CODE, bits);
    real.pc = BigInt(CODE);
    real.privilege = Privilege.supervisor;
    const realExit = real.run(1);
    // Thousands of illegal instructions without a return are no trap loop here.
    vm.nestedExceptions = 0;
    const before = { ...vm.hart };
    vm.vcpu.pc = BigInt(CODE);
    const exit: Exit = { kind: 'trap', cause: 2, trapValue: BigInt(bits), privilege: Privilege.user };
    guest.handleExit(exit);
    const isIllegal = vm.injected !== '';
    if (isIllegal) Object.assign(vm.hart, before);
    return { isRealIllegal: realExit.kind === 'trap', isIllegal };
  };
  return { real, vm, execute };
}

describe('virtual CSRs', () => {
  it('are those of the CSR table that supervisor mode has', () => {
    const supervisor = csrTable.filter((csr) => csr.privilege === Privilege.supervisor).map((csr) => csr.name);
    const counters = ['cycle', 'time', 'instret'];
    expect(virtualCsrs.map((csr) => csr.definition.name).sort()).toEqual([...supervisor, ...counters].sort());
  });

  it('sstatus and interrupt bits are where the table says', () => {
    const fieldBits = (csr: number, name: string) => {
      const { high, low } = csrByAddress(csr)!.fields.find((field) => field.name === name)!;
      return (2 ** (high - low + 1) - 1) * 2 ** low;
    };
    for (const [name, bits] of Object.entries(Sstatus)) expect(bits, name).toBe(fieldBits(CsrAddress.sstatus, name));
    expect(SupervisorInterrupt).toEqual({
      software: fieldBits(CsrAddress.sip, 'SSI'),
      timer: fieldBits(CsrAddress.sip, 'STI'),
      external: fieldBits(CsrAddress.sip, 'SEI'),
    });
  });

  it('take every CSR instruction as the real ones do, with any value', () => {
    const random = createRandom(20_250_101);
    const { real, vm, execute } = createPair();
    const addresses = [...virtualCsrs.map((csr) => csr.definition.address), 0x300, 0x341, 0xf14, 0x5a8, 0x7b0, 0xc90];
    for (let turn = 0; turn < 8000; turn++) {
      const csr = addresses[random.below(addresses.length)]!;
      if (csr === CsrAddress.stimecmp) continue;
      const name = instructions[random.below(instructions.length)]!;
      const operand = random.below(4) === 0 ? 0 : random.below(32);
      const rd = random.below(3) === 0 ? 0 : random.below(32);
      const value = random.below(2) === 0 ? random.bits64() : BigInt(random.below(1 << 20));
      const bits = bitsOf(name, name.endsWith('i') ? { rd, csr, imm: operand } : { rd, csr, rs1: operand });
      real.writeX(operand, value);
      vm.vcpu.writeX(operand, value);
      const { isRealIllegal, isIllegal } = execute(bits, csr === CsrAddress.sstatus);
      const what = `seed ${random.seed} turn ${turn}: ${name} x${rd}, ${csrByAddress(csr)?.name ?? csr.toString(16)}, ${operand} (0x${value.toString(16)})`;
      expect(isIllegal, what).toBe(isRealIllegal);
      const virtual = virtualCsrByAddress(csr);
      if (!isIllegal && virtual && !counting.includes(csr)) {
        expect(vm.vcpu.readX(rd).toString(16), `${what}: rd`).toBe(real.readX(rd).toString(16));
        const held = virtual.kind === 'wide' ? virtual.read(vm) : (virtual.toRegister ?? BigInt)(virtual.read(vm));
        expect(held.toString(16), `${what}: CSR`).toBe(real.readCsr(csr).toString(16));
      }
      vm.vcpu.writeX(rd, real.readX(rd));
      // Translation would make the next instruction fault.
      real.writeCsr(CsrAddress.satp, 0n);
      vm.hart.satp = 0n;
      vm.shadow.activate();
    }
  });

  it('lets user mode read the counters that scounteren allows, and nothing else', () => {
    const { vm, execute } = createPair();
    const rdtime = bitsOf('csrrs', { rd: 5, csr: CsrAddress.time, rs1: 0 });
    const sscratch = bitsOf('csrrs', { rd: 5, csr: CsrAddress.sscratch, rs1: 0 });
    vm.hart.isUser = true;
    vm.hart.scounteren = 5n;
    expect(execute(rdtime, false).isIllegal).toBe(true);
    vm.hart.isUser = true;
    vm.hart.scounteren = 2n;
    expect(execute(rdtime, false).isIllegal).toBe(false);
    vm.hart.isUser = true;
    expect(execute(sscratch, false).isIllegal).toBe(true);
  });
});
