import { CsrAddress, type CsrDefinition, csrPrivilege, ExceptionCause, Privilege } from '@worldswitch/isa';
import { CsrSlot, type HartContext, Hstatus, Mstatus } from '../hart/hart-context.ts';

/** What an instruction that is refused raises: 0 when it is allowed, else illegal-instruction or virtual-instruction. */
export type Refusal = 0 | typeof ExceptionCause.illegalInstruction | typeof ExceptionCause.virtualInstruction;

const ILLEGAL = ExceptionCause.illegalInstruction;
const VIRTUAL = ExceptionCause.virtualInstruction;
const TM = 2;
/** Highest bit of menvcfg, henvcfg (STCE) and of the state-enable CSRs (SE), in the high half. */
const TOP = 1 << 31;
/** mstateen0.ENVCFG, in the high half. */
const ENVCFG = 1 << 30;

/**
 * What an access to a CSR raises (privileged ISA, "CSR Address Mapping Conventions", "Virtual-Instruction Exception" and the
 * CSRs' own sections): in a guest, what the hypervisor would be allowed to do is a virtual-instruction exception, anything else
 * is illegal.
 * @param hasStateEnable Smstateen is there.
 */
export function csrRefusal(
  context: HartContext,
  definition: CsrDefinition,
  isWrite: boolean,
  hasStateEnable: boolean,
): Refusal {
  const { address } = definition;
  const { privilege } = context;
  if (isWrite && definition.readOnly) return ILLEGAL;
  if (address <= CsrAddress.fcsr) return context.isFloatOn ? 0 : ILLEGAL;
  if (privilege === Privilege.machine) return 0;
  const needed = csrPrivilege(address);
  if (needed === Privilege.machine) return ILLEGAL;
  const isGuest = context.isVirtual;
  if (!isGuest && needed > privilege) return ILLEGAL;
  // What machine mode keeps from the hypervisor.
  const host = hostRefusal(context, definition, hasStateEnable);
  if (host !== 0) return host;
  if (isGuest) {
    // CSRs of the hypervisor and vs* are at addresses of their own.
    if (((address >> 8) & 3) === 2 || needed > privilege) return VIRTUAL;
    return guestRefusal(context, definition, hasStateEnable);
  }
  const bit = definition.counterEnableBit;
  if (bit !== undefined && privilege === Privilege.user && !isCounterOpen(context, CsrSlot.scounteren, bit))
    return ILLEGAL;
  if (address === CsrAddress.satp || address === 0x680) return (context.mstatus & Mstatus.TVM) === 0 ? 0 : ILLEGAL;
  return 0;
}

const isCounterOpen = (context: HartContext, slot: number, bit: number): boolean =>
  ((context.csrLow(slot) >>> bit) & 1) === 1;

const hostStateEnables = [CsrSlot.mstateen0, CsrSlot.mstateen1, CsrSlot.mstateen2, CsrSlot.mstateen3];
const guestStateEnables = [CsrSlot.hstateen0, CsrSlot.hstateen1, CsrSlot.hstateen2, CsrSlot.hstateen3];

function hostRefusal(
  context: HartContext,
  { address, counterEnableBit }: CsrDefinition,
  hasStateEnable: boolean,
): Refusal {
  if (counterEnableBit !== undefined) return isCounterOpen(context, CsrSlot.mcounteren, counterEnableBit) ? 0 : ILLEGAL;
  switch (address) {
    case CsrAddress.stimecmp:
    case 0x24d:
      return context.csrHigh(CsrSlot.menvcfg) < 0 && (context.csrLow(CsrSlot.mcounteren) & TM) !== 0 ? 0 : ILLEGAL;
    case CsrAddress.senvcfg:
    case 0x60a:
      return hasStateEnable && (context.csrHigh(CsrSlot.mstateen0) & ENVCFG) === 0 ? ILLEGAL : 0;
  }
  if (!hasStateEnable || !isStateEnable(address)) return 0;
  return (context.csrHigh(hostStateEnables[address & 3]!) & TOP) === 0 ? ILLEGAL : 0;
}

/** sstateen0 to 3 and hstateen0 to 3. */
const isStateEnable = (address: number): boolean => (address & 0xffc) === 0x10c || (address & 0xffc) === 0x60c;

function guestRefusal(
  context: HartContext,
  { address, counterEnableBit }: CsrDefinition,
  hasStateEnable: boolean,
): Refusal {
  if (counterEnableBit !== undefined) {
    if (!isCounterOpen(context, CsrSlot.hcounteren, counterEnableBit)) return VIRTUAL;
    if (context.privilege === Privilege.supervisor) return 0;
    return isCounterOpen(context, CsrSlot.scounteren, counterEnableBit) ? 0 : VIRTUAL;
  }
  switch (address) {
    case CsrAddress.satp:
      return (context.csrLow(CsrSlot.hstatus) & Hstatus.VTVM) === 0 ? 0 : VIRTUAL;
    case CsrAddress.stimecmp:
      return context.csrHigh(CsrSlot.henvcfg) < 0 && (context.csrLow(CsrSlot.hcounteren) & TM) !== 0 ? 0 : VIRTUAL;
    case CsrAddress.senvcfg:
      return hasStateEnable && (context.csrHigh(CsrSlot.hstateen0) & ENVCFG) === 0 ? VIRTUAL : 0;
  }
  if (!hasStateEnable || !isStateEnable(address)) return 0;
  return (context.csrHigh(guestStateEnables[address & 3]!) & TOP) === 0 ? VIRTUAL : 0;
}

/** sret (mstatus.TSR, hstatus.VTSR). */
export function returnRefusal(context: HartContext): Refusal {
  return supervisorRefusal(context, Mstatus.TSR, Hstatus.VTSR);
}

/** sfence.vma and sinval.vma (mstatus.TVM, hstatus.VTVM). */
export function fenceRefusal(context: HartContext): Refusal {
  return supervisorRefusal(context, Mstatus.TVM, Hstatus.VTVM);
}

/** Instructions of supervisor mode that bits of mstatus and hstatus keep from it and from the guest's. */
export function supervisorRefusal(context: HartContext, hostBit: number, guestBit: number): Refusal {
  const { privilege } = context;
  if (privilege === Privilege.machine) return 0;
  if (context.isVirtual) {
    return privilege === Privilege.user || (context.csrLow(CsrSlot.hstatus) & guestBit) !== 0 ? VIRTUAL : 0;
  }
  return privilege === Privilege.user || (context.mstatus & hostBit) !== 0 ? ILLEGAL : 0;
}

/** wfi (mstatus.TW, hstatus.VTW): time is up at once. */
export function waitRefusal(context: HartContext): Refusal {
  const { privilege } = context;
  if (privilege === Privilege.machine) return 0;
  if ((context.mstatus & Mstatus.TW) !== 0) return ILLEGAL;
  if (context.isVirtual) {
    return privilege === Privilege.user || (context.csrLow(CsrSlot.hstatus) & Hstatus.VTW) !== 0 ? VIRTUAL : 0;
  }
  return privilege === Privilege.user ? ILLEGAL : 0;
}

/** wrs.nto where it would wait: as wfi, but user mode may. */
export function reservationWaitRefusal(context: HartContext): Refusal {
  if (context.privilege === Privilege.machine) return 0;
  if ((context.mstatus & Mstatus.TW) !== 0) return ILLEGAL;
  return context.isVirtual && (context.csrLow(CsrSlot.hstatus) & Hstatus.VTW) !== 0 ? VIRTUAL : 0;
}

/** Fields of menvcfg, henvcfg and senvcfg that let the modes below use cache-block instructions. */
export const CacheControl = { CBIE: 3 << 4, CBCFE: 1 << 6, CBZE: 1 << 7 } as const;

/** Cache-block instructions (unprivileged ISA, "CSR controls for CMO instructions"). */
export function cacheRefusal(context: HartContext, field: number): Refusal {
  const { privilege, isVirtual } = context;
  if (privilege === Privilege.machine) return 0;
  if ((context.csrLow(CsrSlot.menvcfg) & field) === 0) return ILLEGAL;
  if (isVirtual && (context.csrLow(CsrSlot.henvcfg) & field) === 0) return VIRTUAL;
  if (privilege === Privilege.supervisor || (context.csrLow(CsrSlot.senvcfg) & field) !== 0) return 0;
  return isVirtual ? VIRTUAL : ILLEGAL;
}

/** hlv, hlvx, hsv: for the hypervisor, and for user mode under hstatus.HU. */
export function guestAccessRefusal(context: HartContext): Refusal {
  if (context.isVirtual) return VIRTUAL;
  if (context.privilege !== Privilege.user) return 0;
  return (context.csrLow(CsrSlot.hstatus) & Hstatus.HU) !== 0 ? 0 : ILLEGAL;
}

/** hfence.vvma, and with `TVM` as `hostBit` hfence.gvma. */
export function hypervisorFenceRefusal(context: HartContext, hostBit: number): Refusal {
  if (context.isVirtual) return VIRTUAL;
  return supervisorRefusal(context, hostBit, 0);
}
