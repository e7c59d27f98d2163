import { type Exit, type ExitDisposition, InternalError } from '@worldswitch/contracts';
import { ExceptionCause, trapCauseName } from '@worldswitch/isa';
import { type Domain, endWithFault } from './domain/domain.ts';
import { Virq } from './events/event-channel.ts';
import { deliverEvents, enterGuestKernel } from './events/trap-delivery.ts';
import { SchedCommand } from './hypercalls/hypercall-commands.ts';
import { type Hypercall, hypercallByNumber } from './hypercalls/hypercalls.ts';
import { Status } from './hypercalls/status.ts';
import { traceEntry, traceExit } from './trace-hops.ts';

const resume: ExitDisposition = { action: 'resume' };
const yieldHart: ExitDisposition = { action: 'yield' };

/** Exits in a row without a retired instruction: no kernel that works comes near it. */
const MAX_EXITS_WITHOUT_PROGRESS = 1000;

const hypercallArguments = new BigUint64Array(6);

/** Every exit of a domain's vcpu comes through here. */
export function handleExit(domain: Domain, exit: Exit): ExitDisposition {
  let disposition: ExitDisposition;
  switch (exit.kind) {
    case 'trap':
      disposition = handleTrap(domain, exit);
      break;
    case 'budget':
      disposition = raiseDueTimer(domain) ? resume : yieldHart;
      if (disposition === resume) domain.accounting.countExit('timer');
      if (disposition === resume && domain.trace !== undefined) traceExit(domain, 'machine-timer-interrupt', 'timer');
      break;
    case 'interrupt':
      disposition = resume;
      break;
    case 'wait':
      // WFI in the least privileged mode is a hint: guests block by hypercall.
      disposition = yieldHart;
      break;
    default:
      exit.kind satisfies never;
      throw new InternalError(`unknown exit ${String(exit.kind)}`);
  }
  if (domain.end === undefined) deliverEvents(domain);
  if (domain.end !== undefined) return { action: 'exit', exitCode: domain.end.exitCode };
  if (domain.trace !== undefined && disposition.action !== 'block') traceEntry(domain);
  return disposition;
}

/** Raises the timer's event when it is due, and says whether it was. */
export function raiseDueTimer(domain: Domain): boolean {
  if (domain.host.clock.now() < domain.timerDeadline) return false;
  domain.timerDeadline = Number.POSITIVE_INFINITY;
  domain.events.raise(Virq.timer);
  return true;
}

function handleTrap(domain: Domain, exit: Exit): ExitDisposition {
  const { cause, trapValue } = exit;
  if (!isProgressing(domain)) {
    endWithFault(
      domain,
      `stuck at pc 0x${domain.vcpu.pc.toString(16)} with ${trapCauseName(cause)}: it traps without end`,
    );
    return resume;
  }
  if (cause === ExceptionCause.environmentCallFromUser) {
    return domain.isUser ? bounceSystemCall(domain) : handleHypercall(domain);
  }
  const name = trapCauseName(cause);
  domain.accounting.countExit(name);
  domain.accounting.countTrap(name);
  if (domain.trace !== undefined) traceExit(domain, name, name, trapValue);
  const isPageFault =
    cause === ExceptionCause.instructionPageFault ||
    cause === ExceptionCause.loadPageFault ||
    cause === ExceptionCause.storePageFault;
  enterGuestKernel(
    domain,
    isPageFault ? domain.traps.pageFault : domain.traps.exception,
    cause,
    false,
    trapValue,
    name,
  );
  return resume;
}

/** An ecall of the program is the guest's system call, straight to its kernel. */
function bounceSystemCall(domain: Domain): ExitDisposition {
  domain.accounting.countExit('system-call');
  domain.accounting.countTrap('ecall-from-u');
  if (domain.trace !== undefined) {
    const number = domain.vcpu.readX(17);
    traceExit(domain, 'ecall-from-u', 'system-call', number, `system call ${number}`);
  }
  const cause = ExceptionCause.environmentCallFromUser;
  enterGuestKernel(domain, domain.traps.systemCall, cause, false, 0n, 'ecall-from-u');
  return resume;
}

/** An ecall of the guest kernel. The pc moves past it first, so that a handler may set another. */
function handleHypercall(domain: Domain): ExitDisposition {
  const { vcpu } = domain;
  const number = vcpu.readX(17);
  const row = hypercallByNumber(number);
  const name = row?.name ?? 'unknown';
  domain.accounting.countExit('hypercall');
  domain.accounting.countHypercall(name);
  if (domain.trace !== undefined)
    traceExit(domain, 'ecall-from-u', `hypercall ${name}`, number, describeCall(domain, row));
  vcpu.pc = BigInt.asUintN(64, vcpu.pc + 4n);
  if (row === undefined) {
    vcpu.writeXLow(10, Status.notImplemented);
    return resume;
  }
  for (let i = 0; i < row.parameters.length; i++) hypercallArguments[i] = vcpu.readX(10 + i);
  const result = row.handle(domain, hypercallArguments);
  if (result === undefined) return resume;
  vcpu.writeXLow(10, result);
  return row.name === 'sched_op' && result === Status.ok ? schedule(domain) : resume;
}

/** The call as a person would write it: `console_io(write, count 27, buffer 0x3f...)`. */
function describeCall(domain: Domain, row: Hypercall | undefined): string {
  if (row === undefined) return 'no such hypercall';
  const values = row.parameters.map((parameter, index) => {
    const value = domain.vcpu.readX(10 + index);
    const command =
      parameter === 'command' && Object.entries(row.commands ?? {}).find(([, number]) => BigInt(number) === value);
    if (command) return command[0].toLowerCase();
    return `${parameter} ${value < 65_536n ? value : `0x${value.toString(16)}`}`;
  });
  return `${row.name}(${values.join(', ')})`;
}

function schedule(domain: Domain): ExitDisposition {
  if (Number(hypercallArguments[0]!) !== SchedCommand.BLOCK) return yieldHart;
  raiseDueTimer(domain);
  if (domain.shared.isUpcallPending) return resume;
  return { action: 'block', deadline: domain.timerDeadline };
}

/** Traps retire no instruction, so a guest that does nothing else would use up no budget. */
function isProgressing(domain: Domain): boolean {
  const { instructions } = domain.vcpu.counters;
  if (instructions !== domain.lastProgress) {
    domain.lastProgress = instructions;
    domain.exitsWithoutProgress = 0;
    return true;
  }
  return ++domain.exitsWithoutProgress < MAX_EXITS_WITHOUT_PROGRESS;
}
