import { CsrSlot, type HartContext } from '../hart/hart-context.ts';

const WRAP = 2 ** 64;

/** henvcfg.STCE under menvcfg.STCE: vstimecmp drives VSTIP (privileged ISA, "Supervisor-mode Timer Interrupts"). */
export const isGuestTimerEnabled = (context: HartContext): boolean =>
  (context.csrHigh(CsrSlot.henvcfg) & context.csrHigh(CsrSlot.menvcfg)) < 0;

const unsigned = (context: HartContext, slot: number): number =>
  (context.csrHigh(slot) >>> 0) * 2 ** 32 + (context.csrLow(slot) >>> 0);

/** a - b modulo 2^64, from halves: exact below 2^53, which is as far as time goes. */
function difference(context: HartContext, a: number, b: number): number {
  const low = (context.csrLow(a) >>> 0) - (context.csrLow(b) >>> 0);
  const high = (context.csrHigh(a) >>> 0) - (context.csrHigh(b) >>> 0) - (low < 0 ? 1 : 0);
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}

function isAtLeast(context: HartContext, a: number, b: number): boolean {
  const highA = context.csrHigh(a) >>> 0;
  const highB = context.csrHigh(b) >>> 0;
  return highA !== highB ? highA > highB : context.csrLow(a) >>> 0 >= context.csrLow(b) >>> 0;
}

/** Time at which the guest's time, which is time + htimedelta modulo 2^64, is 0. */
function wrapTime(context: HartContext): number {
  const low = context.csrLow(CsrSlot.htimedelta) >>> 0;
  const high = context.csrHigh(CsrSlot.htimedelta) >>> 0;
  if (low === 0) return high === 0 ? WRAP : (2 ** 32 - high) * 2 ** 32;
  return (2 ** 32 - 1 - high) * 2 ** 32 + (2 ** 32 - low);
}

/** Time at which vstimecmp is reached, on that side of the wrap where the guest's time is now. */
function guestCompare(context: HartContext, wrap: number, now: number): number {
  if (now >= wrap) return wrap + unsigned(context, CsrSlot.vstimecmp);
  return isAtLeast(context, CsrSlot.vstimecmp, CsrSlot.htimedelta)
    ? difference(context, CsrSlot.vstimecmp, CsrSlot.htimedelta)
    : 0;
}

/** Whether vstimecmp makes the guest's timer interrupt pending. */
export function isGuestTimerDue(context: HartContext, now: number): boolean {
  return isGuestTimerEnabled(context) && now >= guestCompare(context, wrapTime(context), now);
}

/** The next time after now at which that changes; Infinity for none. */
export function guestTimerDeadline(context: HartContext, now: number): number {
  if (!isGuestTimerEnabled(context)) return Number.POSITIVE_INFINITY;
  const wrap = wrapTime(context);
  const compare = guestCompare(context, wrap, now);
  const next = compare > now ? compare : Number.POSITIVE_INFINITY;
  return now < wrap ? Math.min(next, wrap) : next;
}
