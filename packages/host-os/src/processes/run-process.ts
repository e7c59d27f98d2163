import { type Exit, InternalError } from '@worldswitch/contracts';
import { ExceptionCause, trapCauseName } from '@worldswitch/isa';
import { Errno } from '../errno.ts';
import { HostOsError } from '../host-os-error.ts';
import { Protection } from '../memory/area.ts';
import { deliverSignals, forceSignal } from '../signals/signal-delivery.ts';
import { Signal } from '../signals/signals.ts';
import { BLOCKED, MAX_CALL, NO_RESULT, type SystemCall } from '../system-calls/system-call.ts';
import type { Process } from './process.ts';
import { endProcess } from './process-end.ts';
import { traceReturn, traceTrap } from './process-trace.ts';

/** More traps in a row than any program needs without getting one instruction further. */
const MAX_TRAPS_WITHOUT_PROGRESS = 100_000;
/** Register a7: the system call's number. */
const A7 = 17;
const A0 = 10;

/** A process's turn: runs it, and handles its traps, until the slice is over or it cannot go on. */
export function runProcess(process: Process, slice: number): void {
  const { kernel, tree, signals } = process;
  const end = process.retired + Math.min(slice, Math.max(0, tree.remainingInstructions));
  while (process.state === 'running' && !process.isPaused) {
    if (signals.pending.size > 0 && !process.isUninterruptible) deliverSignals(process);
    if ((process.state as Process['state']) !== 'running') return;
    if (process.isInCall) {
      handleSystemCall(process);
      continue;
    }
    if (process.hasYielded) {
      process.hasYielded = false;
      kernel.scheduler.stepBack(process);
      return;
    }
    if (process.retired >= end) {
      if (tree.remainingInstructions <= 0) tree.endAll(Signal.SIGXCPU);
      return;
    }
    const before = process.retired;
    const exit = kernel.scheduler.execute(process, process.vcpu, end - before);
    const retired = process.retired - before;
    if (retired > 0) {
      tree.addInstructions(retired);
      process.trapsWithoutProgress = 0;
    } else if (exit.kind === 'trap' && ++process.trapsWithoutProgress > MAX_TRAPS_WITHOUT_PROGRESS) {
      endProcess(process, Signal.SIGKILL);
      return;
    }
    handleExit(process, exit);
  }
}

function handleExit(process: Process, exit: Exit): void {
  switch (exit.kind) {
    case 'budget':
    case 'interrupt':
      return;
    case 'wait':
      process.kernel.scheduler.stepBack(process);
      return;
    case 'trap':
      process.tree.countTrap(exit.cause);
      handleTrap(process, exit);
      return;
    default:
      exit.kind satisfies never;
      throw new InternalError(`unknown exit ${String(exit.kind)}`);
  }
}

function handleTrap(process: Process, exit: Exit): void {
  const cause = exit.cause as ExceptionCause;
  switch (cause) {
    case ExceptionCause.environmentCallFromUser:
      handleSystemCall(process);
      return;
    case ExceptionCause.instructionPageFault:
      handlePageFault(process, exit, Protection.execute);
      return;
    case ExceptionCause.loadPageFault:
      handlePageFault(process, exit, Protection.read);
      return;
    case ExceptionCause.storePageFault:
      handlePageFault(process, exit, Protection.write);
      return;
    case ExceptionCause.illegalInstruction:
    case ExceptionCause.virtualInstruction:
      fault(process, exit, Signal.SIGILL, 'SIGILL');
      return;
    case ExceptionCause.breakpoint:
      fault(process, exit, Signal.SIGTRAP, 'SIGTRAP');
      return;
    case ExceptionCause.instructionAddressMisaligned:
    case ExceptionCause.loadAddressMisaligned:
    case ExceptionCause.storeAddressMisaligned:
      fault(process, exit, Signal.SIGBUS, 'SIGBUS');
      return;
    case ExceptionCause.instructionAccessFault:
    case ExceptionCause.loadAccessFault:
    case ExceptionCause.storeAccessFault:
      fault(process, exit, Signal.SIGSEGV, 'SIGSEGV');
      return;
    case ExceptionCause.environmentCallFromSupervisor:
    case ExceptionCause.environmentCallFromVirtualSupervisor:
    case ExceptionCause.environmentCallFromMachine:
    case ExceptionCause.instructionGuestPageFault:
    case ExceptionCause.loadGuestPageFault:
    case ExceptionCause.storeGuestPageFault:
      throw new InternalError(`${trapCauseName(cause)} from a process, which runs in user mode`);
    default:
      cause satisfies never;
      throw new InternalError(`unknown trap cause ${String(cause)} from a process`);
  }
}

/** Writes the result of a system call and goes on behind its ecall. */
function finishCall(process: Process, result: number): void {
  const { vcpu } = process;
  if (result === (result | 0)) vcpu.writeXLow(A0, result);
  else vcpu.writeX(A0, BigInt(result));
  vcpu.pc += 4n;
}

/** Handlers may be somebody else's, and written without types. */
function wrongResult(call: SystemCall | undefined, result: unknown): HostOsError {
  const what = result instanceof Promise ? 'a Promise' : typeof result === 'object' ? 'an object' : String(result);
  return new HostOsError(
    'EINVAL',
    `the handler of the system call '${call?.name}' (${call?.number}) gave ${what}; expected a whole number`,
  );
}

/** Makes the system call that a7 names, or goes on with the one that the process was blocked in. */
function handleSystemCall(process: Process): void {
  const { kernel, vcpu, tree } = process;
  const wanted = vcpu.readX(A7);
  const number = wanted < MAX_CALL ? Number(wanted) : -1;
  const call = kernel.systemCalls[number];
  if (!process.isInCall) {
    tree.countCall(number);
    if (tree.trace !== undefined) traceTrap(process, ExceptionCause.environmentCallFromUser, wanted, call?.name);
  }
  kernel.callArguments.vcpu = vcpu;
  let result = -Errno.ENOSYS as number;
  if (call !== undefined) {
    try {
      result = call.handler(process, kernel.callArguments);
    } catch (error) {
      if (!(error instanceof HostOsError)) throw error;
      result = error.code === 'EAGAIN' ? -Errno.EAGAIN : -Errno.ENOMEM;
    }
  }
  process.isInCall = result === BLOCKED;
  if (process.isInCall) return;
  process.callState = undefined;
  if (process.state === 'exited') return;
  if (result !== NO_RESULT) {
    if (!Number.isSafeInteger(result)) throw wrongResult(call, result);
    finishCall(process, result);
  }
  if (tree.trace !== undefined) traceReturn(process, call?.name);
}

function handlePageFault(process: Process, exit: Exit, access: number): void {
  const address = exit.trapValue;
  const page = address < 2n ** 52n ? Math.floor(Number(address) / 4096) : -1;
  let how: string;
  try {
    how = process.space.handleFault(page, access);
  } catch (error) {
    if (!(error instanceof HostOsError)) throw error;
    // Nothing is left to give: the one that asked is ended, as Linux's OOM killer would.
    if (process.tree.trace !== undefined) traceTrap(process, exit.cause, address, 'out of memory: SIGKILL');
    endProcess(process, Signal.SIGKILL);
    return;
  }
  if (how === 'violation') {
    fault(process, exit, Signal.SIGSEGV, 'SIGSEGV');
    return;
  }
  if (process.tree.trace === undefined) return;
  traceTrap(process, exit.cause, address, how);
  traceReturn(process, how);
}

function fault(process: Process, exit: Exit, signal: number, name: string): void {
  if (process.tree.trace !== undefined) traceTrap(process, exit.cause, exit.trapValue, name);
  forceSignal(process, signal);
}
