import { ExceptionCause, Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import type { Hart } from './hart.ts';
import { CsrSlot, type HartContext, Mstatus } from './hart-context.ts';

/**
 * Exception code of a double trap (Smdbltrap, Ssdbltrap). Reported to the owner of the machine when a trap handler traps again
 * and again before it retires a single instruction.
 */
export const DOUBLE_TRAP = 16;

/** Traps in a row without a retired instruction after which nothing can ever change. */
const HOPELESS = 64;

/** The interrupt bit of mcause and scause, in their high half. */
const INTERRUPT = 1 << 31;

/** The unsigned 64-bit number of two halves. */
export function joinHalves(low: number, high: number): bigint {
  return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/**
 * Takes a trap at the context's pc: enters the handler in supervisor or machine mode, or ends the slice when the handler is the
 * owner of a hosted context (privileged ISA, "Trap Delegation" and "Machine Status Register", the interrupt-enable stack).
 * @param low,high halves of the trap value.
 */
export function takeTrap(hart: Hart, cause: number, isInterrupt: boolean, low: number, high: number): void {
  const context = hart.current;
  const { privilege } = context;
  context.traps[isInterrupt ? 64 + cause : cause]!++;
  const delegation = context.csrLow(isInterrupt ? CsrSlot.mideleg : CsrSlot.medeleg);
  const isDelegated = privilege <= Privilege.supervisor && ((delegation >>> cause) & 1) === 1;
  if (!isDelegated && context.isHosted) {
    hart.leaveWith(isInterrupt ? 'interrupt' : 'trap', cause, low, high);
    return;
  }
  const { instret } = context;
  hart.trapStreak = instret === hart.trapInstret ? hart.trapStreak + 1 : 0;
  hart.trapInstret = instret;
  const to = isDelegated ? Privilege.supervisor : Privilege.machine;
  if (hart.trapStreak === 1) {
    hart.firstTrap = {
      pc: context.csr(isDelegated ? CsrSlot.sepc : CsrSlot.mepc),
      cause: context.csr(isDelegated ? CsrSlot.scause : CsrSlot.mcause),
      value: context.csr(isDelegated ? CsrSlot.stval : CsrSlot.mtval),
    };
  }
  if (hart.trapStreak > HOPELESS) {
    hart.leaveWith('trap', DOUBLE_TRAP, low, high);
    return;
  }
  hart.observer?.trap?.(hart, cause, isInterrupt, joinHalves(low, high), privilege, to);
  if (isDelegated) enterSupervisor(context, cause, isInterrupt, low, high);
  else enterMachine(context, cause, isInterrupt, low, high);
  hart.setPrivilege(to);
}

/** Direct mode goes to BASE; vectored mode (1) adds four times the cause for interrupts. */
function vector(tvec: bigint, cause: number, isInterrupt: boolean): bigint {
  const base = tvec & ~3n;
  return isInterrupt && (tvec & 1n) === 1n ? BigInt.asUintN(64, base + BigInt(4 * cause)) : base;
}

function enterSupervisor(context: HartContext, cause: number, isInterrupt: boolean, low: number, high: number): void {
  context.setCsrHalves(CsrSlot.sepc, context.pcLow, context.pcHigh);
  context.setCsrHalves(CsrSlot.scause, cause, isInterrupt ? INTERRUPT : 0);
  context.setCsrHalves(CsrSlot.stval, low, high);
  let status = context.mstatus & ~(Mstatus.SPIE | Mstatus.SPP | Mstatus.SIE);
  if (context.mstatus & Mstatus.SIE) status |= Mstatus.SPIE;
  if (context.privilege === Privilege.supervisor) status |= Mstatus.SPP;
  context.setCsrLow(CsrSlot.mstatus, status);
  context.pc = vector(context.csr(CsrSlot.stvec), cause, isInterrupt);
}

function enterMachine(context: HartContext, cause: number, isInterrupt: boolean, low: number, high: number): void {
  context.setCsrHalves(CsrSlot.mepc, context.pcLow, context.pcHigh);
  context.setCsrHalves(CsrSlot.mcause, cause, isInterrupt ? INTERRUPT : 0);
  context.setCsrHalves(CsrSlot.mtval, low, high);
  let status = context.mstatus & ~(Mstatus.MPIE | Mstatus.MPP | Mstatus.MIE);
  if (context.mstatus & Mstatus.MIE) status |= Mstatus.MPIE;
  status |= context.privilege << Mstatus.MPP_SHIFT;
  context.setCsrLow(CsrSlot.mstatus, status);
  context.pc = vector(context.csr(CsrSlot.mtvec), cause, isInterrupt);
}

/** sret: returns the pc to continue at (privileged ISA, "Trap-Return Instructions"). The caller has checked that it is allowed. */
export function supervisorReturn(hart: Hart): bigint {
  const context = hart.current;
  const old = context.mstatus;
  const to: PrivilegeLevel = old & Mstatus.SPP ? Privilege.supervisor : Privilege.user;
  let status = (old & ~(Mstatus.SIE | Mstatus.SPP | Mstatus.MPRV)) | Mstatus.SPIE;
  if (old & Mstatus.SPIE) status |= Mstatus.SIE;
  context.setCsrLow(CsrSlot.mstatus, status);
  hart.observer?.trapReturn?.(hart, 'sret', context.privilege, to);
  hart.setPrivilege(to);
  return context.csr(CsrSlot.sepc);
}

/** mret, likewise. */
export function machineReturn(hart: Hart): bigint {
  const context = hart.current;
  const old = context.mstatus;
  const to = ((old & Mstatus.MPP) >> Mstatus.MPP_SHIFT) as PrivilegeLevel;
  let status = (old & ~(Mstatus.MIE | Mstatus.MPP)) | Mstatus.MPIE;
  if (old & Mstatus.MPIE) status |= Mstatus.MIE;
  if (to !== Privilege.machine) status &= ~Mstatus.MPRV;
  context.setCsrLow(CsrSlot.mstatus, status);
  hart.observer?.trapReturn?.(hart, 'mret', context.privilege, to);
  hart.setPrivilege(to);
  return context.csr(CsrSlot.mepc);
}

/** Exception codes of ecall by privilege. */
export const environmentCallCause: Readonly<Record<PrivilegeLevel, number>> = {
  [Privilege.user]: ExceptionCause.environmentCallFromUser,
  [Privilege.supervisor]: ExceptionCause.environmentCallFromSupervisor,
  [Privilege.machine]: ExceptionCause.environmentCallFromMachine,
};
