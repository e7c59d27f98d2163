import { InterruptCause, Privilege } from '@worldswitch/isa';
import type { Hart } from './hart.ts';
import { CsrSlot, type HartContext, Mstatus } from './hart-context.ts';

export const SUPERVISOR_TIMER = 1 << InterruptCause.supervisorTimer;
const MACHINE_TIMER = 1 << InterruptCause.machineTimer;

/** Order in which simultaneous interrupts are taken (privileged ISA, section on mip and mie). */
const priorities: readonly number[] = [
  InterruptCause.machineExternal,
  InterruptCause.machineSoftware,
  InterruptCause.machineTimer,
  InterruptCause.supervisorExternal,
  InterruptCause.supervisorSoftware,
  InterruptCause.supervisorTimer,
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
  return pending;
}

/** The next time after now at which a timer raises an interrupt; Infinity for none. */
export function nextDeadline(hart: Hart, context: HartContext): number {
  const { supervisorDeadline } = context;
  const stimecmp = stimecmpDeadline(context);
  const machineDeadline = hart.machineDeadline(context);
  if (Math.min(supervisorDeadline, stimecmp, machineDeadline) === Number.POSITIVE_INFINITY) {
    return Number.POSITIVE_INFINITY;
  }
  const now = hart.now();
  return Math.min(after(now, supervisorDeadline), after(now, stimecmp), after(now, machineDeadline));
}

const after = (now: number, deadline: number): number => (deadline > now ? deadline : Number.POSITIVE_INFINITY);

/** An interrupt that is taken now: its number, and whether supervisor mode takes it. */
export interface InterruptChoice {
  readonly cause: number;
  readonly isDelegated: boolean;
}

/** The interrupt that is enabled and pending with the highest priority, if any (privileged ISA, section on mip and mie). */
export function chooseInterrupt(hart: Hart, context: HartContext): InterruptChoice | undefined {
  const enabled = context.csrLow(CsrSlot.mie);
  if (enabled === 0) return undefined;
  const pending = pendingInterrupts(hart, context) & enabled;
  if (pending === 0) return undefined;
  const { privilege, mstatus } = context;
  const delegation = context.csrLow(CsrSlot.mideleg);
  const forMachine = pending & ~delegation;
  if (forMachine !== 0 && (privilege < Privilege.machine || (mstatus & Mstatus.MIE) !== 0)) {
    return { cause: highestPriority(forMachine), isDelegated: false };
  }
  const forSupervisor = pending & delegation;
  if (forSupervisor === 0 || privilege > Privilege.supervisor) return undefined;
  if (privilege === Privilege.supervisor && (mstatus & Mstatus.SIE) === 0) return undefined;
  return { cause: highestPriority(forSupervisor), isDelegated: true };
}

function highestPriority(pending: number): number {
  return priorities.find((cause) => (pending & (1 << cause)) !== 0) ?? 31 - Math.clz32(pending);
}
