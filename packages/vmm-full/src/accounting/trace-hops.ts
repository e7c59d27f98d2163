import { Actor, type Exit } from '@worldswitch/contracts';
import { defaultInstructionSet, disassemble, ExceptionCause, InterruptCause, trapCauseName } from '@worldswitch/isa';
import { sbiCallName } from '../emulation/sbi.ts';
import { currentActor, type VirtualMachine } from '../virtual-machine.ts';
import { ExitReason, exitReasonNames } from './exit-reason.ts';

/** What was so when the exit happened, before handling it changed the machine. */
export interface ExitOrigin {
  readonly actor: Actor;
  readonly pc: bigint;
  /** The machine's cause. */
  readonly cause: string;
  readonly value: bigint;
  readonly detail: string | undefined;
}

const ARGUMENT_7 = 17;

export function noteOrigin(vm: VirtualMachine, exit: Exit): ExitOrigin {
  const { vcpu, hart } = vm;
  const { pc } = vcpu;
  const actor = currentActor(vm);
  switch (exit.cause) {
    case ExceptionCause.environmentCallFromUser: {
      const number = vcpu.readX(ARGUMENT_7);
      const detail = hart.isUser ? `system call ${number}` : sbiCallName(vcpu);
      return { actor, pc, cause: trapCauseName(exit.cause), value: number, detail };
    }
    case ExceptionCause.illegalInstruction: {
      const bits = Number(exit.trapValue);
      const detail = defaultInstructionSet().decode(bits) ? disassemble(bits, pc) : undefined;
      return { actor, pc, cause: trapCauseName(exit.cause), value: exit.trapValue, detail };
    }
    default:
      return { actor, pc, cause: trapCauseName(exit.cause), value: exit.trapValue, detail: undefined };
  }
}

/** A slice that the host ended, so that the guest notices its timer. */
export function noteInterruption(vm: VirtualMachine): ExitOrigin {
  const cause = trapCauseName(InterruptCause.machineTimer, true);
  return { actor: currentActor(vm), pc: vm.vcpu.pc, cause, value: 0n, detail: undefined };
}

/**
 * The three hops of an exit: whose instruction trapped, to the host OS, by the machine's cause; the host OS to the VMM, by the
 * VMM's reason; the VMM to where the guest continues. Only called when somebody watches.
 */
export function traceExit(vm: VirtualMachine, origin: ExitOrigin, reason: ExitReason): void {
  const { trace, name, host } = vm;
  const { actor, pc, cause, value } = origin;
  const detail = reason === ExitReason.mmio ? vm.deviceAccess : origin.detail;
  const common = { time: host.instructions, world: name, pc, value, ...(detail !== undefined && { detail }) };
  trace?.emit({ ...common, from: actor, to: Actor.host, cause, handledBy: Actor.host });
  trace?.emit({ ...common, from: Actor.host, to: Actor.vmm, cause: exitReasonNames[reason]!, handledBy: Actor.vmm });
  if (vm.isWaiting) vm.isHeldInTrace = true;
  else if (vm.end === undefined) traceEntry(vm);
}

/** The VMM lets the guest go on: where it was, or in its trap handler. */
export function traceEntry(vm: VirtualMachine): void {
  const to = currentActor(vm);
  vm.isHeldInTrace = false;
  vm.trace?.emit({
    time: vm.host.instructions,
    world: vm.name,
    from: Actor.vmm,
    to,
    cause: vm.injected === '' ? 'resume' : `inject ${vm.injected}`,
    handledBy: to,
    pc: vm.vcpu.pc,
  });
}
