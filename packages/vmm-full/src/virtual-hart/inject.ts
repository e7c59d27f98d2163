import { InterruptCause, trapCauseName } from '@worldswitch/isa';
import { endWithFault, hex, setVirtualMode, type VirtualMachine } from '../virtual-machine.ts';
import { Sstatus, SupervisorInterrupt } from './virtual-hart.ts';

const INTERRUPT = 1n << 63n;
/** scause values, made once. */
const exceptionCauses = Array.from({ length: 64 }, (_, code) => BigInt(code));
const interruptCauses = exceptionCauses.map((code) => INTERRUPT | code);

/** A kernel that takes this many exceptions inside of its own exception handler never gets anywhere. */
const MAX_NESTED_EXCEPTIONS = 1000;

/** Order among supervisor interrupts (privileged ISA, "Supervisor Interrupt (sip and sie) Registers": SEI, SSI, STI). */
const priorities = [
  [SupervisorInterrupt.external, InterruptCause.supervisorExternal],
  [SupervisorInterrupt.software, InterruptCause.supervisorSoftware],
  [SupervisorInterrupt.timer, InterruptCause.supervisorTimer],
] as const;

/** Makes the guest take an exception at the vcpu's pc, as its hardware would. */
export function injectException(vm: VirtualMachine, cause: number, value: bigint): void {
  const { hart, vcpu } = vm;
  if (!hart.isUser) {
    const base = hart.stvec & ~3n;
    if (vcpu.pc === base || ++vm.nestedExceptions > MAX_NESTED_EXCEPTIONS) {
      endWithFault(
        vm,
        `${trapCauseName(cause)} in the guest kernel at pc ${hex(vcpu.pc)}, value ${hex(value)}, and its trap handler at ` +
          `${hex(base)} cannot run: it faults itself (scause ${hex(hart.scause)}, sepc ${hex(hart.sepc)}, stval ${hex(hart.stval)})`,
      );
      return;
    }
  } else vm.nestedExceptions = 0;
  vm.injected = trapCauseName(cause);
  hart.scause = exceptionCauses[cause]!;
  enterHandler(vm, value, hart.stvec & ~3n);
}

/** Makes the guest take the interrupt that is due, if there is one. */
export function deliverInterrupt(vm: VirtualMachine): boolean {
  const { hart } = vm;
  const deliverable = hart.deliverable;
  if (deliverable === 0) return false;
  for (const [bit, code] of priorities) {
    if ((deliverable & bit) === 0) continue;
    vm.accounting.countInterrupt(code);
    vm.injected = trapCauseName(code, true);
    hart.scause = interruptCauses[code]!;
    // Vectored mode (stvec.MODE 1) adds four times the cause, for interrupts only.
    const vector = (hart.stvec & ~3n) + ((hart.stvec & 1n) === 1n ? BigInt(4 * code) : 0n);
    enterHandler(vm, 0n, BigInt.asUintN(64, vector));
    return true;
  }
  return false;
}

/** Trap entry (privileged ISA, "Supervisor Status Register": SPP, SPIE and SIE; "sepc", "stval"). */
function enterHandler(vm: VirtualMachine, value: bigint, vector: bigint): void {
  const { hart, vcpu } = vm;
  hart.sepc = vcpu.pc;
  hart.stval = value;
  let status = hart.status & ~(Sstatus.SPP | Sstatus.SPIE | Sstatus.SIE);
  if (!hart.isUser) status |= Sstatus.SPP;
  if ((hart.status & Sstatus.SIE) !== 0) status |= Sstatus.SPIE;
  hart.status = status;
  vcpu.pc = vector;
  if (hart.isUser) setVirtualMode(vm, false);
}
