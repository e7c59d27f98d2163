import type { DecodedInstruction } from '@worldswitch/isa';
import { isAllowedInUserMode, type VirtualCsr, virtualCsrByAddress } from '../virtual-hart/virtual-csr.ts';
import type { VirtualMachine } from '../virtual-machine.ts';

const Change = { write: 0, set: 1, clear: 2 } as const;
type Change = (typeof Change)[keyof typeof Change];

/** A CSR instruction, taken apart once. */
export interface CsrInstruction {
  readonly kind: 'csr';
  readonly csr: VirtualCsr;
  readonly change: Change;
  readonly isImmediate: boolean;
  readonly isWrite: boolean;
  /** csrrw with rd = x0 does not read the CSR. */
  readonly isRead: boolean;
  readonly rd: number;
  readonly rs1: number;
  readonly imm: number;
  readonly immediate: bigint;
}

const changes: Readonly<Record<string, Change>> = {
  csrrw: Change.write,
  csrrs: Change.set,
  csrrc: Change.clear,
  csrrwi: Change.write,
  csrrsi: Change.set,
  csrrci: Change.clear,
};

/** Undefined when it is not a CSR instruction, or one that is illegal in virtual supervisor mode already. */
export function csrInstruction(decoded: DecodedInstruction): CsrInstruction | undefined {
  const { name } = decoded.instruction;
  const change = changes[name];
  if (change === undefined) return undefined;
  const isImmediate = name.endsWith('i');
  const isWrite = change === Change.write || (isImmediate ? decoded.imm : decoded.rs1) !== 0;
  const csr = virtualCsrByAddress(decoded.csr);
  if (!csr || (isWrite && csr.definition.readOnly)) return undefined;
  return {
    kind: 'csr',
    csr,
    change,
    isImmediate,
    isWrite,
    isRead: change !== Change.write || decoded.rd !== 0,
    rd: decoded.rd,
    rs1: decoded.rs1,
    imm: decoded.imm,
    immediate: decoded.immediate,
  };
}

/** Carries it out on the virtual CSRs (unprivileged ISA, "CSR Instructions"). False: illegal in the current virtual mode. */
export function emulateCsr(vm: VirtualMachine, instruction: CsrInstruction): boolean {
  const { csr, change, isImmediate, isWrite, isRead, rd, rs1 } = instruction;
  if (vm.hart.isUser && !isAllowedInUserMode(vm, csr)) return false;
  const { vcpu } = vm;
  if (csr.kind === 'narrow') {
    const source = isImmediate ? instruction.imm : vcpu.readXLow(rs1);
    const old = csr.read(vm);
    if (isWrite) csr.write(vm, change === Change.write ? source : change === Change.set ? old | source : old & ~source);
    if (rd !== 0) {
      if (csr.toRegister) vcpu.writeX(rd, csr.toRegister(old));
      else vcpu.writeXLow(rd, old);
    }
    return true;
  }
  if (csr.isPresent && !csr.isPresent(vm)) return false;
  const source = isWrite ? (isImmediate ? instruction.immediate : vcpu.readX(rs1)) : 0n;
  const old = isRead ? csr.read(vm) : 0n;
  if (isWrite) csr.write!(vm, change === Change.write ? source : change === Change.set ? old | source : old & ~source);
  if (rd !== 0) vcpu.writeX(rd, old);
  return true;
}
