import { type CsrDefinition, mergeCsrWrite } from '@worldswitch/isa';
import type { CsrBody } from '../hart/csr-file.ts';
import type { Hart } from '../hart/hart.ts';
import { CsrSlot, type HartContext, Mstatus } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { pendingInterrupts } from '../hart/interrupts.ts';
import { SSTATUS_BITS } from './world-switch.ts';

/** VSEIP, VSTIP and VSSIP. */
export const VS_INTERRUPTS = 0x444n;
const VSSIP = 4n;
/** VSXL and UXL: 2, as guests are 64 bits wide. */
const XLEN_FIELD = 2n << 32n;
const SD = 1n << 63n;
const STATUS = BigInt(SSTATUS_BITS);
/** Bits of henvcfg that are 0 while menvcfg has them 0: STCE, PBMTE, ADUE. */
const GRANTED = 0xe000_0000_0000_0000n;

type Slots = Readonly<Record<string, number>>;

/** Writes the interrupt-enable or -pending bits of a CSR that others share. */
function setBits(hart: Hart, context: HartContext, slot: number, mask: bigint, value: bigint): void {
  context.setCsr(slot, (context.csr(slot) & ~mask) | (value & mask));
  hart.controlChanged(context);
}

/** A virtual supervisor CSR: it stands in the supervisor CSR's slot while the guest runs. */
function virtualSupervisor(definition: CsrDefinition, name: string): CsrBody {
  const stored = (CsrSlot as Slots)[`vs${name}`]!;
  const inForce = (CsrSlot as Slots)[`s${name}`]!;
  const slotOf = (context: HartContext) => (context.isVirtual ? inForce : stored);
  return {
    read: (_hart, context) => context.csr(slotOf(context)),
    write: (hart, context, value) => {
      const slot = slotOf(context);
      context.setCsr(slot, mergeCsrWrite(definition, context.csr(slot), value));
      hart.controlChanged(context);
    },
  };
}

const withState = (status: number): bigint =>
  BigInt(status & SSTATUS_BITS) | XLEN_FIELD | ((status & Mstatus.FS) === Mstatus.FS ? SD : 0n);

/** Interrupts that hideleg hands to the guest, by its own numbers: those of supervisor mode. */
const delegated = (context: HartContext): bigint => context.csr(CsrSlot.hideleg) & VS_INTERRUPTS;

export const readGuestEnable = (context: HartContext): bigint => (context.csr(CsrSlot.mie) & delegated(context)) >> 1n;
export const writeGuestEnable = (hart: Hart, context: HartContext, value: bigint): void =>
  setBits(hart, context, CsrSlot.mie, delegated(context), value << 1n);
export const readGuestPending = (hart: Hart, context: HartContext): bigint =>
  (BigInt(pendingInterrupts(hart, context)) & delegated(context)) >> 1n;
export const writeGuestPending = (hart: Hart, context: HartContext, value: bigint): void =>
  setBits(hart, context, CsrSlot.mip, delegated(context) & VSSIP, value << 1n);

/** What mstatus shows of sstatus: the hypervisor's, also while a guest runs. */
export const hostView = (context: HartContext): bigint =>
  context.isVirtual
    ? (context.csr(CsrSlot.mstatus) & ~STATUS) | BigInt(context.hostStatus & SSTATUS_BITS)
    : context.csr(CsrSlot.mstatus);

/** The inverse: stores a value of mstatus. */
export function storeHostView(context: HartContext, value: bigint): void {
  if (!context.isVirtual) {
    context.setCsr(CsrSlot.mstatus, value);
    return;
  }
  const outer = Number(value & STATUS);
  context.setCsr(CsrSlot.mstatus, (value & ~STATUS) | (context.csr(CsrSlot.mstatus) & STATUS));
  context.setCsrLow(CsrSlot.vsstatus, outer);
  context.i32(HartOffset.withheldStatus, ~outer);
}

/** How CSRs of the hypervisor extension are read and written whose meaning is more than their storage. */
export function hypervisorRow(definition: CsrDefinition): CsrBody | undefined {
  const { name, writeMask } = definition;
  switch (name) {
    case 'vsstatus':
      return {
        read: (_hart, context) => withState(context.guestStatus),
        write: (hart, context, value) => {
          const slot = context.isVirtual ? CsrSlot.mstatus : CsrSlot.vsstatus;
          const merged = mergeCsrWrite(definition, BigInt(context.guestStatus & SSTATUS_BITS), value) & STATUS;
          context.setCsrLow(slot, (context.csrLow(slot) & ~SSTATUS_BITS) | Number(merged));
          hart.controlChanged(context);
        },
      };
    case 'vstvec':
    case 'vsscratch':
    case 'vsepc':
    case 'vscause':
    case 'vstval':
    case 'vsatp':
      return virtualSupervisor(definition, name.slice(2));
    case 'vsie':
      return { read: (_hart, context) => readGuestEnable(context), write: writeGuestEnable };
    case 'vsip':
      return { read: readGuestPending, write: writeGuestPending };
    case 'hie':
      return {
        read: (_hart, context) => context.csr(CsrSlot.mie) & VS_INTERRUPTS,
        write: (hart, context, value) => setBits(hart, context, CsrSlot.mie, VS_INTERRUPTS, value),
      };
    case 'hip':
      return {
        read: (hart, context) => BigInt(pendingInterrupts(hart, context)) & VS_INTERRUPTS,
        write: (hart, context, value) => setBits(hart, context, CsrSlot.mip, VSSIP, value),
      };
    case 'hvip':
      return {
        read: (_hart, context) => context.csr(CsrSlot.mip) & VS_INTERRUPTS,
        write: (hart, context, value) => setBits(hart, context, CsrSlot.mip, VS_INTERRUPTS, value),
      };
    case 'hstatus':
      return {
        read: (_hart, context) => context.csr(CsrSlot.hstatus) | XLEN_FIELD,
        write: (_hart, context, value) => context.setCsr(CsrSlot.hstatus, value & writeMask),
      };
    case 'henvcfg': {
      const read = (context: HartContext): bigint =>
        context.csr(CsrSlot.henvcfg) & (context.csr(CsrSlot.menvcfg) | ~GRANTED);
      return {
        read: (_hart, context) => read(context),
        write: (hart, context, value) => {
          const open = context.csr(CsrSlot.menvcfg) | ~GRANTED;
          context.setCsr(CsrSlot.henvcfg, mergeCsrWrite(definition, read(context), value) & open & (GRANTED | 0xf1n));
          hart.controlChanged(context);
        },
      };
    }
  }
  // hstateen0 to 3 have no more than machine mode grants; they stand behind mstateen0 to 3 in the slots.
  if (!/^hstateen[0-3]$/.test(name)) return undefined;
  const own = (CsrSlot as Slots)[name]!;
  const granted = (CsrSlot as Slots)[`m${name.slice(1)}`]!;
  return {
    read: (_hart, context) => context.csr(own) & context.csr(granted),
    write: (_hart, context, value) => context.setCsr(own, value & writeMask & context.csr(granted)),
  };
}
