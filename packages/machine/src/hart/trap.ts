import { ExceptionCause, Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import { trapInstruction } from '../hypervisor/trap-instruction.ts';
import { switchWorld } from '../hypervisor/world-switch.ts';
import type { Hart } from './hart.ts';
import { CsrSlot, GuestFaultKind, type HartContext, Hstatus, Mstatus, MstatusHigh } from './hart-context.ts';

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
 * Takes a trap at the context's pc: enters the handler of a guest's supervisor mode, of supervisor or of machine mode, or ends
 * the slice when the handler is the owner of a hosted context (privileged ISA, "Trap Delegation", "Machine Status Register", the
 * interrupt-enable stack, and "Trap Entry" of the hypervisor extension).
 * @param low,high halves of the trap value.
 */
export function takeTrap(hart: Hart, cause: number, isInterrupt: boolean, low: number, high: number): void {
  const context = hart.current;
  const { privilege, isVirtual } = context;
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
  const guestDelegation = isInterrupt ? CsrSlot.hideleg : CsrSlot.hedeleg;
  if (isDelegated && isVirtual && ((context.csrLow(guestDelegation) >>> cause) & 1) === 1) {
    // The guest's own numbers of its interrupts are one less.
    enterSupervisor(context, isInterrupt ? cause - 1 : cause, isInterrupt, low, high);
    hart.setMode(to, true);
    return;
  }
  const isGuestAddress = !isInterrupt && hasGuestAddress(context, cause);
  const isGuestFault = !isInterrupt && isGuestPageFault(cause);
  const instruction = isGuestFault ? instructionOf(hart, context, cause, low) : 0;
  context.isGuestAddress = false;
  switchWorld(context, false);
  const faultLow = isGuestFault ? context.guestFaultLow : 0;
  const faultHigh = isGuestFault ? context.guestFaultHigh : 0;
  if (isDelegated) {
    noteOrigin(context, privilege, isVirtual, isGuestAddress);
    context.setCsrHalves(CsrSlot.htval, faultLow, faultHigh);
    context.setCsrHalves(CsrSlot.htinst, instruction, 0);
    enterSupervisor(context, cause, isInterrupt, low, high);
  } else {
    const origin = (isVirtual ? MstatusHigh.MPV : 0) | (isGuestAddress ? MstatusHigh.GVA : 0);
    const rest = context.csrHigh(CsrSlot.mstatus) & ~(MstatusHigh.MPV | MstatusHigh.GVA);
    context.setCsrHalves(CsrSlot.mstatus, context.mstatus, rest | origin);
    context.setCsrHalves(CsrSlot.mtval2, faultLow, faultHigh);
    context.setCsrHalves(CsrSlot.mtinst, instruction, 0);
    enterMachine(context, cause, isInterrupt, low, high);
  }
  hart.setMode(to, false);
}

const isGuestPageFault = (cause: number): boolean =>
  cause === ExceptionCause.instructionGuestPageFault ||
  cause === ExceptionCause.loadGuestPageFault ||
  cause === ExceptionCause.storeGuestPageFault;

function instructionOf(hart: Hart, context: HartContext, cause: number, low: number): number {
  const isFetch = cause === ExceptionCause.instructionGuestPageFault;
  return isFetch && context.guestFaultKind === GuestFaultKind.explicit ? 0 : trapInstruction(hart, context, low);
}

/** Exceptions whose trap value is an address: of the instruction, or of its data. */
const FETCH_ADDRESS = (1 << 0) | (1 << 1) | (1 << 3) | (1 << 12) | (1 << 20);
const DATA_ADDRESS = (1 << 4) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 13) | (1 << 15) | (1 << 21) | (1 << 23);

/** The trap value is a guest virtual address: hstatus.GVA and mstatus.GVA. */
function hasGuestAddress(context: HartContext, cause: number): boolean {
  if (((FETCH_ADDRESS >>> cause) & 1) === 1) return context.isVirtual;
  return ((DATA_ADDRESS >>> cause) & 1) === 1 && (context.isGuestAddress || context.isDataVirtual);
}

/** hstatus.SPV, SPVP and GVA of a trap to the hypervisor's supervisor mode. */
function noteOrigin(
  context: HartContext,
  privilege: PrivilegeLevel,
  isVirtual: boolean,
  isGuestAddress: boolean,
): void {
  let status = context.csrLow(CsrSlot.hstatus) & ~(Hstatus.SPV | Hstatus.GVA);
  if (isGuestAddress) status |= Hstatus.GVA;
  if (isVirtual) {
    status = (status | Hstatus.SPV) & ~Hstatus.SPVP;
    if (privilege === Privilege.supervisor) status |= Hstatus.SPVP;
  }
  context.setCsrLow(CsrSlot.hstatus, status);
}

/** Goes on where stvec or mtvec says: in direct mode at BASE; vectored mode (1) adds four times the cause for interrupts. */
function enterHandler(context: HartContext, vectorSlot: number, cause: number, isInterrupt: boolean): void {
  const vector = context.csrLow(vectorSlot);
  const high = context.csrHigh(vectorSlot);
  const base = vector & ~3;
  if (!isInterrupt || (vector & 1) === 0) {
    context.setPc(base, high);
    return;
  }
  const low = (base + 4 * cause) | 0;
  context.setPc(low, low >>> 0 < base >>> 0 ? (high + 1) | 0 : high);
}

function enterSupervisor(context: HartContext, cause: number, isInterrupt: boolean, low: number, high: number): void {
  context.setCsrHalves(CsrSlot.sepc, context.pcLow, context.pcHigh);
  context.setCsrHalves(CsrSlot.scause, cause, isInterrupt ? INTERRUPT : 0);
  context.setCsrHalves(CsrSlot.stval, low, high);
  let status = context.mstatus & ~(Mstatus.SPIE | Mstatus.SPP | Mstatus.SIE);
  if (context.mstatus & Mstatus.SIE) status |= Mstatus.SPIE;
  if (context.privilege === Privilege.supervisor) status |= Mstatus.SPP;
  context.setCsrLow(CsrSlot.mstatus, status);
  enterHandler(context, CsrSlot.stvec, cause, isInterrupt);
}

function enterMachine(context: HartContext, cause: number, isInterrupt: boolean, low: number, high: number): void {
  context.setCsrHalves(CsrSlot.mepc, context.pcLow, context.pcHigh);
  context.setCsrHalves(CsrSlot.mcause, cause, isInterrupt ? INTERRUPT : 0);
  context.setCsrHalves(CsrSlot.mtval, low, high);
  let status = context.mstatus & ~(Mstatus.MPIE | Mstatus.MPP | Mstatus.MIE);
  if (context.mstatus & Mstatus.MIE) status |= Mstatus.MPIE;
  status |= context.privilege << Mstatus.MPP_SHIFT;
  context.setCsrLow(CsrSlot.mstatus, status);
  enterHandler(context, CsrSlot.mtvec, cause, isInterrupt);
}

/** sret (privileged ISA, "Trap-Return Instructions"). The caller has checked that it is allowed. */
export function supervisorReturn(hart: Hart): void {
  const context = hart.current;
  const old = context.mstatus;
  const to: PrivilegeLevel = old & Mstatus.SPP ? Privilege.supervisor : Privilege.user;
  let status = (old & ~(Mstatus.SIE | Mstatus.SPP | Mstatus.MPRV)) | Mstatus.SPIE;
  if (old & Mstatus.SPIE) status |= Mstatus.SIE;
  context.setCsrLow(CsrSlot.mstatus, status);
  hart.observer?.trapReturn?.(hart, 'sret', context.privilege, to);
  // Entering a guest exchanges it.
  hart.setNextPc(context.csrLow(CsrSlot.sepc), context.csrHigh(CsrSlot.sepc));
  let { isVirtual } = context;
  if (!isVirtual) {
    const hypervisor = context.csrLow(CsrSlot.hstatus);
    isVirtual = (hypervisor & Hstatus.SPV) !== 0;
    context.setCsrLow(CsrSlot.hstatus, hypervisor & ~Hstatus.SPV);
  }
  hart.setMode(to, isVirtual);
}

/** mret, likewise. */
export function machineReturn(hart: Hart): void {
  const context = hart.current;
  const old = context.mstatus;
  const to = ((old & Mstatus.MPP) >> Mstatus.MPP_SHIFT) as PrivilegeLevel;
  let status = (old & ~(Mstatus.MIE | Mstatus.MPP)) | Mstatus.MPIE;
  if (old & Mstatus.MPIE) status |= Mstatus.MIE;
  if (to !== Privilege.machine) status &= ~Mstatus.MPRV;
  hart.observer?.trapReturn?.(hart, 'mret', context.privilege, to);
  const high = context.csrHigh(CsrSlot.mstatus);
  context.setCsrHalves(CsrSlot.mstatus, status, high & ~MstatusHigh.MPV);
  hart.setMode(to, to !== Privilege.machine && (high & MstatusHigh.MPV) !== 0);
  hart.setNextPc(context.csrLow(CsrSlot.mepc), context.csrHigh(CsrSlot.mepc));
}

/** Exception code of ecall. */
export function environmentCallCause({ privilege, isVirtual }: HartContext): number {
  if (privilege === Privilege.machine) return ExceptionCause.environmentCallFromMachine;
  if (privilege === Privilege.user) return ExceptionCause.environmentCallFromUser;
  return isVirtual ? ExceptionCause.environmentCallFromVirtualSupervisor : ExceptionCause.environmentCallFromSupervisor;
}
