import { InterruptCause, Privilege } from '@worldswitch/isa';
import { guestTimerDeadline, isGuestTimerDue, isGuestTimerEnabled } from '../hypervisor/guest-timer.ts';
import type { Hart } from './hart.ts';
import { CsrSlot, type HartContext, Mstatus } from './hart-context.ts';

export const SUPERVISOR_TIMER = 1 << InterruptCause.supervisorTimer;
const GUEST_TIMER = 1 << InterruptCause.virtualSupervisorTimer;
const MACHINE_TIMER = 1 << InterruptCause.machineTimer;

/** Order in which simultaneous interrupts are taken (privileged ISA, section on mip and mie). */
const priorities: readonly number[] = [
  InterruptCause.machineExternal,
  InterruptCause.machineSoftware,
  InterruptCause.machineTimer,
  InterruptCause.supervisorExternal,
  InterruptCause.supervisorSoftware,
  InterruptCause.supervisorTimer,
  InterruptCause.supervisorGuestExternal,
  InterruptCause.virtualSupervisorExternal,
  InterruptCause.virtualSupervisorSoftware,
  InterruptCause.virtualSupervisorTimer,
];

/** menvcfg.STCE: stimecmp exists for supervisor mode and drives STIP. */
export const isStimecmpEnabled = (context: HartContext): boolean => context.csrHigh(CsrSlot.menvcfg) < 0;

/** Virtual time at which stimecmp raises STIP; Infinity when Sstc is off. */
function stimecmpDeadline(context: HartContext): number {
  if (!isStimecmpEnabled(context)) return Number.POSITIVE_INFINITY;
  return (context.csrHigh(CsrSlot.stimecmp) >>> 0) * 2 ** 32 + (context.csrLow(CsrSlot.stimecmp) >>> 0);
}

/** mip as it reads now: what software set, what devices drive, and the timers whose time has come. */
export function pendingInterrupts(hart: Hart, context: HartContext): number {
  let pending = context.csrLow(CsrSlot.mip) | context.lines;
  const now = hart.now();
  if (context.supervisorDeadline <= now || stimecmpDeadline(context) <= now) pending |= SUPERVISOR_TIMER;
  if (hart.machineDeadline(context) <= now) pending |= MACHINE_TIMER;
  if (isGuestTimerDue(context, now)) pending |= GUEST_TIMER;
  return pending;
}

/** The next time after now at which a timer raises an interrupt; Infinity for none. */
export function nextDeadline(hart: Hart, context: HartContext): number {
  const { supervisorDeadline } = context;
  const stimecmp = stimecmpDeadline(context);
  const machineDeadline = hart.machineDeadline(context);
  const hasGuestTimer = isGuestTimerEnabled(context);
  if (!hasGuestTimer && Math.min(supervisorDeadline, stimecmp, machineDeadline) === Number.POSITIVE_INFINITY) {
    return Number.POSITIVE_INFINITY;
  }
  const now = hart.now();
  const next = Math.min(after(now, supervisorDeadline), after(now, stimecmp), after(now, machineDeadline));
  return hasGuestTimer ? Math.min(next, guestTimerDeadline(context, now)) : next;
}

const after = (now: number, deadline: number): number => (deadline > now ? deadline : Number.POSITIVE_INFINITY);

/** Interrupts that are pending and enabled in mie, whatever mstatus says. */
export function dueInterrupts(hart: Hart, context: HartContext): number {
  const enabled = context.csrLow(CsrSlot.mie);
  return enabled === 0 ? 0 : pendingInterrupts(hart, context) & enabled;
}

/**
 * The cause of the interrupt of the highest priority among those that are due, or -1 where mstatus holds them all back: those of
 * machine mode go first, then those of supervisor mode, then those that hideleg hands to a guest (privileged ISA, section on mip
 * and mie).
 */
export function chooseInterrupt(context: HartContext, pending: number): number {
  if (pending === 0) return -1;
  const { privilege, mstatus } = context;
  const delegation = context.csrLow(CsrSlot.mideleg);
  const forMachine = pending & ~delegation;
  if (forMachine !== 0 && (privilege < Privilege.machine || (mstatus & Mstatus.MIE) !== 0)) {
    return highestPriority(forMachine);
  }
  const delegated = pending & delegation;
  if (delegated === 0 || privilege > Privilege.supervisor) return -1;
  const { isVirtual } = context;
  const isEnabled = privilege === Privilege.user || (mstatus & Mstatus.SIE) !== 0;
  const forGuest = delegated & context.csrLow(CsrSlot.hideleg);
  const forSupervisor = delegated & ~forGuest;
  if (forSupervisor !== 0 && (isVirtual || isEnabled)) return highestPriority(forSupervisor);
  return forGuest !== 0 && isVirtual && isEnabled ? highestPriority(forGuest) : -1;
}

function highestPriority(pending: number): number {
  for (const cause of priorities) if ((pending & (1 << cause)) !== 0) return cause;
  return 31 - Math.clz32(pending);
}
