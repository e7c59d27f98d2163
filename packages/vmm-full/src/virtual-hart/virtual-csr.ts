import { InternalError } from '@worldswitch/contracts';
import { CsrAddress, type CsrDefinition, csrByAddress, mergeCsrWrite } from '@worldswitch/isa';
import { activateShadow, type VirtualMachine } from '../virtual-machine.ts';
import { guestTime, raiseDueTimer, setTimer } from './timer.ts';
import { Sstatus, SupervisorInterrupt } from './virtual-hart.ts';

/** A CSR whose writable bits all lie in its low half: read and written without bigints. */
interface NarrowCsr {
  readonly kind: 'narrow';
  readonly definition: CsrDefinition;
  read(vm: VirtualMachine): number;
  write(vm: VirtualMachine, value: number): void;
  /** The register's full value; absent where that is the sign-extended low half. */
  readonly toRegister?: (low: number) => bigint;
}

/** Any other CSR. */
interface WideCsr {
  readonly kind: 'wide';
  readonly definition: CsrDefinition;
  read(vm: VirtualMachine): bigint;
  /** Absent for read-only ones. */
  readonly write?: (vm: VirtualMachine, value: bigint) => void;
  /** Whether this machine has it. Absent: always. */
  readonly isPresent?: (vm: VirtualMachine) => boolean;
}

export type VirtualCsr = NarrowCsr | WideCsr;

const definitionOf = (address: number): CsrDefinition => {
  const definition = csrByAddress(address);
  if (!definition) throw new InternalError(`the CSR table has no 0x${address.toString(16)}`);
  return definition;
};

const STATUS_WRITABLE = Sstatus.SIE | Sstatus.SPIE | Sstatus.SPP | Sstatus.SUM | Sstatus.MXR;
const VIEW_BITS = Sstatus.SUM | Sstatus.MXR;
/** UXL: user mode has 64 bits. */
const UXL = 2n << 32n;
const SD = 1n << 63n;
const ENABLE_WRITABLE = SupervisorInterrupt.software | SupervisorInterrupt.timer | SupervisorInterrupt.external;
const FS_SHIFT = 13n;

let lastStatus = 0;
let lastStatusValue = UXL;
/** sstatus as a register sees it; the last value is remembered, as kernels read the same again and again. */
function statusValue(low: number): bigint {
  if (low !== lastStatus) {
    lastStatus = low;
    lastStatusValue = BigInt(low) | UXL | ((low & Sstatus.FS) === Sstatus.FS ? SD : 0n);
  }
  return lastStatusValue;
}

const sstatus: NarrowCsr = {
  kind: 'narrow',
  definition: definitionOf(CsrAddress.sstatus),
  read(vm) {
    const { hart } = vm;
    // The machine marks the registers it lends as dirty by itself.
    if (vm.hasFloat && (hart.status & Sstatus.FS) !== 0) {
      hart.status |= Number(vm.vcpu.readCsr(CsrAddress.mstatus)) & Sstatus.FS;
    }
    return hart.status;
  },
  write(vm, value) {
    const { hart } = vm;
    const old = hart.status;
    const writable = vm.hasFloat ? STATUS_WRITABLE | Sstatus.FS : STATUS_WRITABLE;
    hart.status = (old & ~writable) | (value & writable);
    const changed = hart.status ^ old;
    if ((changed & VIEW_BITS) !== 0) activateShadow(vm);
    if ((changed & Sstatus.FS) !== 0) lendFloat(vm);
  },
  toRegister: statusValue,
};

function lendFloat(vm: VirtualMachine): void {
  const fs = BigInt((vm.hart.status & Sstatus.FS) >> Number(FS_SHIFT));
  const old = vm.vcpu.readCsr(CsrAddress.mstatus);
  vm.vcpu.writeCsr(CsrAddress.mstatus, (old & ~(3n << FS_SHIFT)) | (fs << FS_SHIFT));
}

const sie: NarrowCsr = {
  kind: 'narrow',
  definition: definitionOf(CsrAddress.sie),
  read: (vm) => vm.hart.sie,
  write: (vm, value) => {
    vm.hart.sie = value & ENABLE_WRITABLE;
  },
};

const sip: NarrowCsr = {
  kind: 'narrow',
  definition: definitionOf(CsrAddress.sip),
  read: (vm) => {
    raiseDueTimer(vm);
    return vm.hart.pending;
  },
  write: (vm, value) => {
    // Only SSIP can be written ("Supervisor Interrupt (sip and sie) Registers").
    vm.hart.isSoftwarePending = (value & SupervisorInterrupt.software) !== 0;
  },
};

/** CSRs that are kept as they are written, within what the CSR table lets them hold. */
function kept(address: number, name: 'stvec' | 'sscratch' | 'sepc' | 'scause' | 'stval'): WideCsr {
  const definition = definitionOf(address);
  const isPlain = definition.fields.every((field) => field.legal === undefined);
  const { writeMask } = definition;
  return {
    kind: 'wide',
    definition,
    read: (vm) => vm.hart[name],
    write: isPlain
      ? (vm, value) => {
          vm.hart[name] = value & writeMask;
        }
      : (vm, value) => {
          vm.hart[name] = mergeCsrWrite(definition, vm.hart[name], value);
        },
  };
}

const senvcfgDefinition = definitionOf(CsrAddress.senvcfg);
/**
 * Fences order everything anyway, so FIOM can be kept; so can what guards cache-block instructions, which the virtual machine
 * does not let through to its supervisor mode.
 */
const senvcfg: WideCsr = {
  kind: 'wide',
  definition: senvcfgDefinition,
  read: (vm) => vm.hart.senvcfg,
  write(vm, value) {
    vm.hart.senvcfg = mergeCsrWrite(senvcfgDefinition, vm.hart.senvcfg, value);
  },
};

const satpDefinition = definitionOf(CsrAddress.satp);
const satp: WideCsr = {
  kind: 'wide',
  definition: satpDefinition,
  read: (vm) => vm.hart.satp,
  write(vm, value) {
    const merged = mergeCsrWrite(satpDefinition, vm.hart.satp, value);
    if (merged === vm.hart.satp) return;
    vm.hart.satp = merged;
    activateShadow(vm);
  },
};

const scounterenDefinition = definitionOf(CsrAddress.scounteren);
const scounteren: WideCsr = {
  kind: 'wide',
  definition: scounterenDefinition,
  read: (vm) => vm.hart.scounteren,
  write(vm, value) {
    vm.hart.scounteren = value & scounterenDefinition.writeMask;
    if (vm.areCountersPassed) vm.vcpu.writeCsr(CsrAddress.scounteren, vm.hart.scounteren);
  },
};

const stimecmp: WideCsr = {
  kind: 'wide',
  definition: definitionOf(CsrAddress.stimecmp),
  read: (vm) => vm.hart.stimecmp,
  write: setTimer,
  isPresent: (vm) => vm.hasSstc,
};

const instructions = (vm: VirtualMachine) => BigInt(vm.vcpu.counters.instructions + vm.emulatedInstructions);
const counter = (address: number, read: (vm: VirtualMachine) => bigint): WideCsr => ({
  kind: 'wide',
  definition: definitionOf(address),
  read,
});

/** Every CSR that the guest has. Others are illegal instructions to it. */
export const virtualCsrs: readonly VirtualCsr[] = [
  sstatus,
  sie,
  kept(CsrAddress.stvec, 'stvec'),
  scounteren,
  senvcfg,
  kept(CsrAddress.sscratch, 'sscratch'),
  kept(CsrAddress.sepc, 'sepc'),
  kept(CsrAddress.scause, 'scause'),
  kept(CsrAddress.stval, 'stval'),
  sip,
  stimecmp,
  satp,
  counter(CsrAddress.cycle, instructions),
  counter(CsrAddress.time, (vm) => BigInt(guestTime(vm))),
  counter(CsrAddress.instret, instructions),
];

const byAddress = new Map(virtualCsrs.map((csr) => [csr.definition.address, csr]));

export const virtualCsrByAddress = (address: number): VirtualCsr | undefined => byAddress.get(address);

/** Whether virtual user mode may access a CSR: the counters that scounteren lets through. */
export function isAllowedInUserMode(vm: VirtualMachine, csr: VirtualCsr): boolean {
  const bit = csr.definition.counterEnableBit;
  return bit !== undefined && ((vm.hart.scounteren >> BigInt(bit)) & 1n) === 1n;
}
