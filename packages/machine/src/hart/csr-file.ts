import { InternalError } from '@worldswitch/contracts';
import {
  CsrAddress,
  type CsrDefinition,
  defineCsr,
  ExceptionCause,
  type InstructionSet,
  mergeCsrWrite,
} from '@worldswitch/isa';
import { csrRefusal, type Refusal } from '../hypervisor/access-rules.ts';
import {
  hostView,
  hypervisorRow,
  readGuestEnable,
  readGuestPending,
  storeHostView,
  VS_INTERRUPTS,
  writeGuestEnable,
  writeGuestPending,
} from '../hypervisor/csr-rows.ts';
import type { Hart } from './hart.ts';
import {
  CSR_SLOTS,
  CsrSlot,
  FIRST_FREE_CSR_SLOT,
  type HartContext,
  Mstatus,
  PMP_ADDRESS_SLOT,
  PMP_CONFIGURATION_SLOT,
} from './hart-context.ts';
import { HartOffset } from './hart-state.ts';
import { isStimecmpEnabled, pendingInterrupts, SUPERVISOR_TIMER } from './interrupts.ts';
import { PMP_ENTRIES, writePmpAddress, writePmpConfiguration } from './pmp-csrs.ts';
import { absentStatus, LIGHT_STATUS, SD_HIGH, type StatusView, statusView, UXL_HIGH } from './supervisor-status.ts';
import { joinHalves } from './trap.ts';

/** How one CSR is read and written, once access to it is allowed. */
interface CsrRow {
  readonly definition: CsrDefinition;
  read(hart: Hart, context: HartContext): bigint;
  write(hart: Hart, context: HartContext, value: bigint): void;
}

const mask64 = (1n << 64n) - 1n;
/** SXL and UXL: 2, as all modes are 64 bits wide. */
const XLEN_FIELDS = 0xa_0000_0000n;
const SD = 1n << 63n;
const STCE = 1n << 63n;
/** Bits of menvcfg that always exist: STCE, PBMTE, ADUE, FIOM. */
const MENVCFG = 0xe000_0000_0000_0001n;
/** Fields of menvcfg and senvcfg that exist with an extension: CBIE and CBCFE, CBZE. */
const cacheControls: Readonly<Record<string, bigint>> = { Zicbom: 0x70n, Zicboz: 0x80n };

/** Trigger CSRs (RISC-V Debug Specification 0.13.2, section 5.2): there are no triggers, and software finds that out by them. */
const triggerCsrs: readonly CsrDefinition[] = ['tselect', 'tdata1', 'tdata2', 'tdata3', 'tinfo'].map((name, index) =>
  defineCsr(0x7a0 + index, name, 'Debug trigger', 'Trigger Registers', { fields: '63:0 value WARL 0' }),
);

/**
 * All CSRs of a hart: the tables of isa give addresses, fields and legal values; here stands where the bits are and what else a
 * write does. Privilege is checked by `refusal`.
 */
export class CsrFile {
  readonly #hasStateEnable: boolean;
  readonly #status: StatusView;
  readonly #rows: (CsrRow | undefined)[] = new Array(4096).fill(undefined);

  constructor(instructionSet: InstructionSet) {
    const names = instructionSet.extensions.map((extension) => extension.name);
    const hasFloat = names.includes('F') || names.includes('D');
    this.#hasStateEnable = names.includes('Smstateen');
    this.#status = statusView(instructionSet);
    const special = specialRows(instructionSet, this);
    let nextSlot = FIRST_FREE_CSR_SLOT;
    for (const definition of instructionSet.csrs) {
      if (/^(fflags|frm|fcsr)$/.test(definition.name) && !hasFloat) continue;
      const isAbsent = definition.readOnly || /^m?hpm(counter|event)\d+$/.test(definition.name);
      const slot = (CsrSlot as Readonly<Record<string, number>>)[definition.name];
      const row =
        special[definition.name] ??
        hypervisorRow(definition) ??
        pmpRow(definition.name) ??
        (isAbsent ? constant(0n) : stored(definition, slot ?? nextSlot++));
      this.#rows[definition.address] = { definition, ...row };
    }
    for (const definition of triggerCsrs) this.#rows[definition.address] = { definition, ...constant(0n) };
    if (nextSlot > CSR_SLOTS) throw new InternalError(`${nextSlot} CSRs do not fit a context`);
  }

  has(address: number): boolean {
    return this.#rows[address] !== undefined;
  }

  /** Without privilege checks. RangeError when there is no such CSR. */
  read(hart: Hart, context: HartContext, address: number): bigint {
    return this.#row(address).read(hart, context);
  }

  write(hart: Hart, context: HartContext, address: number, value: bigint): void {
    this.#row(address).write(hart, context, value & mask64);
  }

  #row(address: number): CsrRow {
    const row = this.#rows[address];
    if (!row) throw new RangeError(`there is no CSR 0x${address.toString(16)}`);
    return row;
  }

  /** What an instruction raises that accesses it now: 0 when it may, else illegal-instruction or virtual-instruction. */
  refusal(context: HartContext, address: number, isWrite: boolean): Refusal {
    const row = this.#rows[address];
    return row ? csrRefusal(context, row.definition, isWrite, this.#hasStateEnable) : ExceptionCause.illegalInstruction;
  }

  /** Low half of sstatus; the high one is `statusHigh`. */
  statusLow(context: HartContext): number {
    return context.mstatus & this.#status.reads;
  }

  /** UXL, and SD where FS is dirty. */
  statusHigh(context: HartContext): number {
    return (context.mstatus & Mstatus.FS) === Mstatus.FS ? UXL_HIGH | SD_HIGH : UXL_HIGH;
  }

  /** Writes sstatus, of which all that can change is in the low half. */
  writeStatus(hart: Hart, context: HartContext, low: number): void {
    const old = context.mstatus;
    const next = (old & ~this.#status.writes) | (low & this.#status.writes);
    context.setCsrLow(CsrSlot.mstatus, next);
    // Kernels mask interrupts all the time: that makes nothing due, and translation does not depend on it.
    if (((old ^ next) & ~LIGHT_STATUS) !== 0 || (next & ~old & Mstatus.SIE) !== 0) hart.controlChanged(context);
  }

  /** The value that a read-modify-write of the CSR changes: for mip without the interrupt lines (section on mip.SEIP). */
  readForChange(hart: Hart, context: HartContext, address: number): bigint {
    if (address === CsrAddress.mip) return context.csr(CsrSlot.mip);
    return this.read(hart, context, address);
  }
}

/** A row without its definition. */
export type CsrBody = Omit<CsrRow, 'definition'>;
type RowBody = CsrBody;

const constant = (value: bigint): RowBody => ({ read: () => value, write() {} });

function stored(definition: CsrDefinition, slot: number): RowBody {
  return {
    read: (_hart, context) => context.csr(slot),
    write: (hart, context, value) => {
      context.setCsr(slot, mergeCsrWrite(definition, context.csr(slot), value));
      hart.controlChanged(context);
    },
  };
}

function specialRows(instructionSet: InstructionSet, file: CsrFile): Readonly<Record<string, RowBody>> {
  const definitionOf = (name: string): CsrDefinition => {
    const definition = instructionSet.csrByName(name);
    if (!definition) throw new InternalError(`the CSR table has no ${name}`);
    return definition;
  };
  const mstatusDefinition = definitionOf('mstatus');
  const mstatusWrites = mstatusDefinition.writeMask;
  const absent = BigInt(absentStatus(instructionSet));
  const readMstatus = (context: HartContext): bigint => {
    const value = hostView(context) | XLEN_FIELDS;
    return (context.hostStatus & Mstatus.FS) === Mstatus.FS ? value | SD : value;
  };
  const writeMstatus = (hart: Hart, context: HartContext, value: bigint): void => {
    const merged = mergeCsrWrite(mstatusDefinition, hostView(context), value) & ~absent;
    // GVA and MPV are the only bits above those of 32.
    storeHostView(context, merged & mstatusWrites);
    hart.controlChanged(context);
  };
  /** sie and sip: the bits of mie and mip that mideleg hands to supervisor mode, without those of guests. */
  const delegated = (context: HartContext): bigint => context.csr(CsrSlot.mideleg) & ~VS_INTERRUPTS;
  const mipDefinition = definitionOf('mip');
  const menvcfgDefinition = definitionOf('menvcfg');
  const senvcfgDefinition = definitionOf('senvcfg');
  const cacheControl = instructionSet.extensions.reduce((bits, { name }) => bits | (cacheControls[name] ?? 0n), 0n);
  const misa = misaOf(instructionSet);
  const counter = (slot: number): RowBody => ({
    read: (_hart, context) => (context.csr(slot) + BigInt(context.instret)) & mask64,
    // The slot holds the difference to the instructions retired, of which the writing one will be one more.
    write: (_hart, context, value) => context.setCsr(slot, (value - BigInt(context.instret) - 1n) & mask64),
  });
  const readFcsr = (context: HartContext): bigint => {
    const { i32 } = context.memory;
    const flags = i32[context.word + HartOffset.fflags / 4]!;
    return BigInt(flags | (i32[context.word + HartOffset.frm / 4]! << 5));
  };
  const writeFloat = (context: HartContext, flags: number | undefined, mode: number | undefined): void => {
    if (flags !== undefined) context.i32(HartOffset.fflags, flags & 31);
    if (mode !== undefined) context.i32(HartOffset.frm, mode & 7);
    context.dirtyFloat();
  };
  return {
    mstatus: { read: (_hart, context) => readMstatus(context), write: writeMstatus },
    sstatus: {
      read: (_hart, context) => joinHalves(file.statusLow(context), file.statusHigh(context)),
      write: (hart, context, value) => file.writeStatus(hart, context, Number(value & 0xffff_ffffn) | 0),
    },
    misa: constant(misa),
    mip: {
      read: (hart, context) => BigInt(pendingInterrupts(hart, context)),
      write: (hart, context, value) => {
        // STIP is stimecmp's where that exists, and not writable then (Sstc).
        const writable = (isStimecmpEnabled(context) ? 0x202n : 0x222n) | (mipDefinition.writeMask & 4n);
        context.setCsr(CsrSlot.mip, (context.csr(CsrSlot.mip) & ~writable) | (value & writable));
        hart.controlChanged(context);
      },
    },
    sie: {
      read: (_hart, context) =>
        context.isVirtual ? readGuestEnable(context) : context.csr(CsrSlot.mie) & delegated(context),
      write: (hart, context, value) => {
        if (context.isVirtual) {
          writeGuestEnable(hart, context, value);
          return;
        }
        const mask = delegated(context) & definitionOf('sie').writeMask;
        context.setCsr(CsrSlot.mie, (context.csr(CsrSlot.mie) & ~mask) | (value & mask));
        hart.controlChanged(context);
      },
    },
    sip: {
      read: (hart, context) =>
        context.isVirtual
          ? readGuestPending(hart, context)
          : BigInt(pendingInterrupts(hart, context)) & delegated(context),
      write: (hart, context, value) => {
        if (context.isVirtual) {
          writeGuestPending(hart, context, value);
          return;
        }
        const mask = delegated(context) & 2n;
        context.setCsr(CsrSlot.mip, (context.csr(CsrSlot.mip) & ~mask) | (value & mask));
        hart.controlChanged(context);
      },
    },
    menvcfg: {
      read: (_hart, context) => context.csr(CsrSlot.menvcfg),
      write: (hart, context, value) => {
        const old = context.csr(CsrSlot.menvcfg);
        context.setCsr(CsrSlot.menvcfg, mergeCsrWrite(menvcfgDefinition, old, value) & (MENVCFG | cacheControl));
        if ((old & STCE) === 0n) context.setCsrLow(CsrSlot.mip, context.csrLow(CsrSlot.mip) & ~SUPERVISOR_TIMER);
        hart.controlChanged(context);
      },
    },
    senvcfg: {
      read: (_hart, context) => context.csr(CsrSlot.senvcfg),
      write: (hart, context, value) => {
        const merged = mergeCsrWrite(senvcfgDefinition, context.csr(CsrSlot.senvcfg), value);
        context.setCsr(CsrSlot.senvcfg, merged & (cacheControl | 1n));
        hart.controlChanged(context);
      },
    },
    mcountinhibit: constant(0n),
    mcycle: counter(CsrSlot.mcycle),
    minstret: counter(CsrSlot.minstret),
    cycle: { read: counter(CsrSlot.mcycle).read, write() {} },
    instret: { read: counter(CsrSlot.minstret).read, write() {} },
    time: {
      read: (hart, context) =>
        context.isVirtual ? (BigInt(hart.now()) + context.csr(CsrSlot.htimedelta)) & mask64 : BigInt(hart.now()),
      write() {},
    },
    stimecmp: {
      read: (_hart, context) => context.csr(context.isVirtual ? CsrSlot.vstimecmp : CsrSlot.stimecmp),
      write: (hart, context, value) => {
        context.setCsr(context.isVirtual ? CsrSlot.vstimecmp : CsrSlot.stimecmp, value);
        hart.controlChanged(context);
      },
    },
    mhartid: { read: (hart) => BigInt(hart.id), write() {} },
    fflags: {
      read: (_hart, context) => readFcsr(context) & 31n,
      write: (_hart, context, value) => writeFloat(context, Number(value & 31n), undefined),
    },
    frm: {
      read: (_hart, context) => readFcsr(context) >> 5n,
      write: (_hart, context, value) => writeFloat(context, undefined, Number(value & 7n)),
    },
    fcsr: {
      read: (_hart, context) => readFcsr(context),
      write: (_hart, context, value) => writeFloat(context, Number(value & 31n), Number((value >> 5n) & 7n)),
    },
  };
}

function pmpRow(name: string): RowBody | undefined {
  const [, kind, digits] = /^pmp(cfg|addr)(\d+)$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const number = Number(digits);
  if (kind === 'addr') {
    if (number >= PMP_ENTRIES) return constant(0n);
    return {
      read: (_hart, context) => context.csr(PMP_ADDRESS_SLOT + number),
      write: (hart, context, value) => writePmpAddress(hart, context, number, value),
    };
  }
  // Only even-numbered configuration registers exist on RV64, with eight entries each.
  const register = number / 2;
  if (register * 8 >= PMP_ENTRIES) return constant(0n);
  return {
    read: (_hart, context) => context.csr(PMP_CONFIGURATION_SLOT + register),
    write: (hart, context, value) => writePmpConfiguration(hart, context, register, value),
  };
}

/** MXL 2, and a bit for each single-letter extension, and for S and U modes (privileged ISA, misa). */
function misaOf(instructionSet: InstructionSet): bigint {
  let letters = 0n;
  for (const letter of ['S', 'U', ...instructionSet.extensions.map((extension) => extension.name)]) {
    if (/^[A-Z]$/.test(letter)) letters |= 1n << BigInt(letter.charCodeAt(0) - 65);
  }
  return (2n << 62n) | letters;
}
