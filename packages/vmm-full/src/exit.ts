import {
  type Exit,
  type ExitDisposition,
  InternalError,
  virtualPageNumber,
  type WorldResult,
} from '@worldswitch/contracts';
import { defaultInstructionSet, ExceptionCause } from '@worldswitch/isa';
import { AccessKind } from '@worldswitch/mmu-tlb';
import { ExitReason } from './accounting/exit-reason.ts';
import { noteInterruption, noteOrigin, traceEntry, traceExit } from './accounting/trace-hops.ts';
import { type CsrInstruction, csrInstruction, emulateCsr } from './emulation/emulate-csr.ts';
import { emulateFence } from './emulation/emulate-fence.ts';
import { emulateSupervisorReturn } from './emulation/emulate-return.ts';
import { emulateWait } from './emulation/emulate-wfi.ts';
import { emulateDeviceAccess } from './emulation/mmio.ts';
import { callSbi } from './emulation/sbi.ts';
import { FillOutcome } from './shadow-paging/shadow-paging.ts';
import { deliverInterrupt, injectException } from './virtual-hart/inject.ts';
import { raiseDueTimer, wakeDeadline } from './virtual-hart/timer.ts';
import { endMachine, endWithFault, hex, type VirtualMachine } from './virtual-machine.ts';

const resume: ExitDisposition = { action: 'resume' };
const yieldHart: ExitDisposition = { action: 'yield' };

/** Exits retire nothing, so they use up no slice: after so many the turn is over anyway. */
const EXITS_PER_TURN = 4096;

/** Every exit of a VM's vcpu comes through here. Nothing that a guest does makes it throw. */
export function handleExit(vm: VirtualMachine, exit: Exit): ExitDisposition {
  vm.isWaiting = false;
  vm.injected = '';
  let isPreempted = false;
  switch (exit.kind) {
    case 'trap': {
      const origin = vm.trace && noteOrigin(vm, exit);
      const reason = handleTrap(vm, exit);
      vm.accounting.countExit(reason);
      if (vm.end === undefined) deliverInterrupt(vm);
      // What led to the program's first instruction still belongs to booting.
      if (vm.hart.isUser) vm.accounting.beginProgram();
      if (origin) traceExit(vm, origin, reason);
      break;
    }
    case 'interrupt':
    case 'budget':
      isPreempted = !noticeInterrupt(vm);
      break;
    case 'wait':
      // The machine traps WFI in user mode, so this is another machine, which lets it pass: the pc is past it already.
      emulateWait(vm);
      break;
    default:
      exit.kind satisfies never;
      throw new InternalError(`unknown exit ${String(exit.kind)}`);
  }
  if (vm.console.isFlooded) endMachine(vm, outputLimit(vm));
  if (vm.end !== undefined) return { action: 'exit', exitCode: vm.end.exitCode };
  if (vm.isWaiting) {
    vm.console.flush();
    return { action: 'block', deadline: wakeDeadline(vm) };
  }
  return isPreempted || isTurnOver(vm) ? yieldHart : resume;
}

function outputLimit(vm: VirtualMachine): WorldResult {
  return { reason: 'output-limit', exitCode: -1, message: `guest ${vm.name}: it printed more than is allowed` };
}

/** Before a slice, and after one that the host ended: makes the guest take an interrupt that has come and is not masked. */
export function noticeInterrupt(vm: VirtualMachine): boolean {
  const { hart } = vm;
  const wasPending = hart.isTimerPending;
  raiseDueTimer(vm);
  const isTimer = !wasPending && hart.isTimerPending;
  const isDeliverable = hart.deliverable !== 0;
  if (isTimer) vm.accounting.countExit(ExitReason.timer);
  else if (isDeliverable) vm.accounting.countExit(ExitReason.interrupt);
  const origin = vm.trace && !vm.isHeldInTrace && isDeliverable ? noteInterruption(vm) : undefined;
  vm.injected = '';
  deliverInterrupt(vm);
  if (origin) traceExit(vm, origin, isTimer ? ExitReason.timer : ExitReason.interrupt);
  else if (vm.isHeldInTrace) traceEntry(vm);
  return isDeliverable;
}

/** Whether the guest has had so many exits that the host should get to look at its limits. */
function isTurnOver(vm: VirtualMachine): boolean {
  if (++vm.exitsThisTurn < EXITS_PER_TURN) return false;
  vm.exitsThisTurn = 0;
  return true;
}

function handleTrap(vm: VirtualMachine, exit: Exit): ExitReason {
  const { cause } = exit;
  switch (cause) {
    case ExceptionCause.environmentCallFromUser:
      if (vm.hart.isUser) {
        vm.accounting.countException(ExceptionCause.environmentCallFromUser);
        injectException(vm, cause, 0n);
        return ExitReason.ecallInjected;
      }
      vm.accounting.countException(ExceptionCause.environmentCallFromSupervisor);
      callSbi(vm);
      return ExitReason.sbi;
    case ExceptionCause.illegalInstruction:
      vm.accounting.countException(cause);
      return handleIllegalInstruction(vm, exit.trapValue);
    case ExceptionCause.instructionPageFault:
      vm.accounting.countException(cause);
      return handlePageFault(vm, AccessKind.fetch, exit.trapValue);
    case ExceptionCause.loadPageFault:
      vm.accounting.countException(cause);
      return handlePageFault(vm, AccessKind.load, exit.trapValue);
    case ExceptionCause.storePageFault:
      vm.accounting.countException(cause);
      return handlePageFault(vm, AccessKind.store, exit.trapValue);
    case ExceptionCause.instructionAddressMisaligned:
    case ExceptionCause.breakpoint:
    case ExceptionCause.loadAddressMisaligned:
    case ExceptionCause.storeAddressMisaligned:
    case ExceptionCause.instructionAccessFault:
    case ExceptionCause.loadAccessFault:
    case ExceptionCause.storeAccessFault:
      vm.accounting.countException(cause);
      injectException(vm, cause, exit.trapValue);
      return ExitReason.exceptionInjected;
    default:
      // Nothing is delegated and the machine's own privileged modes are not entered, so no other exception can come.
      endWithFault(vm, `the machine reported exception ${cause} at pc ${hex(vm.vcpu.pc)}, which no guest can cause`);
      return ExitReason.exceptionInjected;
  }
}

function skip(vm: VirtualMachine, bytes: number): void {
  vm.vcpu.pc = BigInt.asUintN(64, vm.vcpu.pc + (bytes === 4 ? 4n : 2n));
  vm.emulatedInstructions++;
}

type PrivilegedInstruction =
  | CsrInstruction
  | { readonly kind: 'sret' | 'wfi' | 'none' }
  | { readonly kind: 'sfence.vma'; readonly rs1: number; readonly rs2: number };

/** What instruction bits mean to the VMM; the guest has few different privileged instructions. Bounded. */
const knownInstructions = new Map<number, PrivilegedInstruction>();
const MOST_KNOWN_INSTRUCTIONS = 4096;

function privilegedInstruction(bits: number): PrivilegedInstruction {
  const known = knownInstructions.get(bits);
  if (known) return known;
  const decoded = defaultInstructionSet().decode(bits);
  const name = decoded?.instruction.name;
  let instruction: PrivilegedInstruction = { kind: 'none' };
  if (name === 'sret' || name === 'wfi') instruction = { kind: name };
  else if (decoded && name === 'sfence.vma') instruction = { kind: name, rs1: decoded.rs1, rs2: decoded.rs2 };
  else if (decoded) instruction = csrInstruction(decoded) ?? instruction;
  if (knownInstructions.size >= MOST_KNOWN_INSTRUCTIONS) knownInstructions.clear();
  knownInstructions.set(bits, instruction);
  return instruction;
}

/** An instruction that the machine's user mode does not have: the guest kernel's own, or illegal for the guest, too. */
function handleIllegalInstruction(vm: VirtualMachine, bits: bigint): ExitReason {
  const instruction = privilegedInstruction(Number(bits));
  const { isUser } = vm.hart;
  switch (instruction.kind) {
    case 'csr': {
      if (!emulateCsr(vm, instruction)) break;
      skip(vm, 4);
      return instruction.csr.definition.readOnly ? ExitReason.counter : ExitReason.csr;
    }
    case 'sret':
      if (isUser) break;
      vm.emulatedInstructions++;
      emulateSupervisorReturn(vm);
      return ExitReason.sret;
    case 'sfence.vma':
      if (isUser) break;
      emulateFence(vm, instruction.rs1, instruction.rs2);
      skip(vm, 4);
      return ExitReason.fence;
    case 'wfi':
      if (isUser) break;
      emulateWait(vm);
      skip(vm, 4);
      return ExitReason.wfi;
    case 'none':
      break;
    default:
      instruction satisfies never;
  }
  injectException(vm, ExceptionCause.illegalInstruction, bits);
  return ExitReason.illegalInjected;
}

const accessFaults = {
  [AccessKind.fetch]: ExceptionCause.instructionAccessFault,
  [AccessKind.load]: ExceptionCause.loadAccessFault,
  [AccessKind.store]: ExceptionCause.storeAccessFault,
} as const;

function isPageFault(cause: number): boolean {
  return cause >= ExceptionCause.instructionPageFault;
}

function handlePageFault(vm: VirtualMachine, access: AccessKind, address: bigint): ExitReason {
  const { shadow } = vm;
  const outcome = shadow.fill(virtualPageNumber(address), access);
  switch (outcome) {
    case FillOutcome.filled:
      vm.accounting.countShadowFill();
      return ExitReason.shadowFill;
    case FillOutcome.device: {
      const length = emulateDeviceAccess(vm, shadow.frame, address);
      if (length !== 0) {
        skip(vm, length);
        return ExitReason.mmio;
      }
      injectException(vm, accessFaults[access], address);
      return ExitReason.accessFaultInjected;
    }
    case FillOutcome.fault:
      injectException(vm, shadow.cause, address);
      return isPageFault(shadow.cause) ? ExitReason.pageFaultInjected : ExitReason.accessFaultInjected;
    case FillOutcome.noMemory:
      endWithFault(vm, `the host has no memory left for its shadow page tables (access to ${hex(address)})`);
      return ExitReason.shadowFill;
    default:
      return outcome satisfies never;
  }
}
