import { CsrAddress } from '@worldswitch/isa';
import { Errno } from '../errno.ts';
import type { Process } from '../processes/process.ts';
import { endProcess } from '../processes/process-end.ts';
import { DEFAULT_HANDLER, defaultAction, IGNORE_HANDLER, Signal, SignalFlag, signalBit } from './signals.ts';

/** Page with the code that a signal handler returns to: rt_sigreturn. At the very top of the user address space. */
export const TRAMPOLINE = 0x3f_ffff_f000;
/** li a7, 139 (rt_sigreturn); ecall */
export const trampolineCode = [0x08b0_0893, 0x0000_0073] as const;

/** struct rt_sigframe on RISC-V (Linux arch/riscv/kernel/signal.c): siginfo, then ucontext. */
const SIGINFO_SIZE = 128;
const UCONTEXT_MASK = SIGINFO_SIZE + 40;
const UCONTEXT_REGISTERS = SIGINFO_SIZE + 176;
const FRAME_SIZE = UCONTEXT_REGISTERS + 32 * 8 + 528;

/** Sends a signal; wakes the process when it has to act on it. */
export function postSignal(process: Process, signal: number): void {
  const { signals } = process;
  if (process.waitStatus !== undefined || signal === 0) return;
  if (signal === Signal.SIGCONT || signal === Signal.SIGKILL) continueProcess(process, signal);
  const isBlocked = (signals.blocked & signalBit(signal)) !== 0n;
  if (signals.isIgnored(signal) && !isBlocked) return;
  signals.pending.add(signal);
  if (!isBlocked) process.wake();
}

function continueProcess(process: Process, signal: number): void {
  process.signals.pending.delete(Signal.SIGSTOP);
  if (!process.isStopped) return;
  process.isStopped = false;
  if (signal === Signal.SIGCONT) {
    process.unreported = 'continued';
    process.parent?.childChanged.wakeAll();
  }
  process.wake();
}

/** A trap that is the program's own fault: cannot be held back or ignored. */
export function forceSignal(process: Process, signal: number): void {
  const { signals } = process;
  const isHeld = (signals.blocked & signalBit(signal)) !== 0n;
  const handler = signals.handlers.get(signal)?.handler ?? DEFAULT_HANDLER;
  if (isHeld || handler === IGNORE_HANDLER || handler === DEFAULT_HANDLER) endProcess(process, signal);
  else signals.pending.add(signal);
}

/** Acts on the signals that have come: before the process goes on in user mode. */
export function deliverSignals(process: Process): void {
  for (let signal = process.signals.next(); signal !== undefined; signal = process.signals.next()) {
    process.signals.pending.delete(signal);
    const action = process.signals.handlers.get(signal);
    if (action === undefined || action.handler === DEFAULT_HANDLER) {
      if (!actByDefault(process, signal)) return;
    } else if (action.handler !== IGNORE_HANDLER) {
      enterHandler(process, signal);
      return;
    }
  }
}

/** False when the process cannot go on now. */
function actByDefault(process: Process, signal: number): boolean {
  switch (defaultAction(signal)) {
    case 'ignore':
    case 'continue':
      return true;
    case 'stop':
      process.isStopped = true;
      process.unreported = 'stopped';
      process.stopSignal = signal;
      process.block([]);
      process.parent?.childChanged.wakeAll();
      return false;
    case 'terminate':
      endProcess(process, signal);
      return false;
  }
}

/** Ends a system call that the process is blocked in, because a handler runs. */
function interruptCall(process: Process, restarts: boolean): void {
  if (!process.isInCall) return;
  const state = process.callState;
  process.isInCall = false;
  process.callState = undefined;
  // A call that restarts is made again: pc is still that of its ecall. One that sleeps until a deadline never is.
  if (restarts && state === undefined) return;
  process.vcpu.writeXLow(10, state?.kind === 'write' ? state.done : -Errno.EINTR);
  process.vcpu.pc += 4n;
}

function enterHandler(process: Process, signal: number): void {
  const { vcpu, signals, kernel, space } = process;
  const action = signals.handlers.get(signal)!;
  interruptCall(process, (action.flags & SignalFlag.restart) !== 0n);
  const frame = new Uint8Array(FRAME_SIZE);
  const view = new DataView(frame.buffer);
  view.setInt32(0, signal, true);
  view.setBigUint64(UCONTEXT_MASK, signals.savedMask ?? signals.blocked, true);
  signals.savedMask = undefined;
  view.setBigUint64(UCONTEXT_REGISTERS, vcpu.pc, true);
  for (let index = 1; index < 32; index++) view.setBigUint64(UCONTEXT_REGISTERS + index * 8, vcpu.readX(index), true);
  const address = Math.floor((Number(vcpu.readX(2)) - FRAME_SIZE) / 16) * 16;
  if (!kernel.userMemory.write(space, address, frame)) {
    endProcess(process, Signal.SIGSEGV);
    return;
  }
  signals.blocked |= action.mask | ((action.flags & SignalFlag.noDefer) === 0n ? signalBit(signal) : 0n);
  if ((action.flags & SignalFlag.resetHandler) !== 0n) signals.handlers.delete(signal);
  vcpu.writeX(1, BigInt(TRAMPOLINE));
  vcpu.writeX(2, BigInt(address));
  vcpu.writeXLow(10, signal);
  vcpu.writeX(11, BigInt(address));
  vcpu.writeX(12, BigInt(address + SIGINFO_SIZE));
  vcpu.pc = action.handler;
}

/** rt_sigreturn: takes the registers and the mask back from the frame at the stack pointer. False when there is none. */
export function leaveHandler(process: Process): boolean {
  const { vcpu, kernel, space, signals } = process;
  const frame = kernel.userMemory.read(space, Number(vcpu.readX(2)), FRAME_SIZE);
  if (frame === undefined) return false;
  const view = new DataView(frame.buffer);
  signals.blocked = view.getBigUint64(UCONTEXT_MASK, true);
  for (let index = 1; index < 32; index++) vcpu.writeX(index, view.getBigUint64(UCONTEXT_REGISTERS + index * 8, true));
  vcpu.pc = view.getBigUint64(UCONTEXT_REGISTERS, true);
  return true;
}

/** Lets user mode read cycle, time and instret (privileged ISA, mcounteren). */
export function allowCounters(process: Process): void {
  process.vcpu.writeCsr(CsrAddress.mcounteren, 7n);
  process.vcpu.writeCsr(CsrAddress.scounteren, 7n);
}
