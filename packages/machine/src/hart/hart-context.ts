import { Privilege, type PrivilegeLevel } from '@worldswitch/isa';
import type { PmpEntry } from '@worldswitch/mmu-tlb';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { CONTEXT_SIZE, CONTEXTS } from '../memory/memory-layout.ts';
import { HartOffset, transientFields } from './hart-state.ts';

/**
 * Slots of CSR storage in a context (HartOffset.csr), in this order. Views (sstatus, sie ...) and computed CSRs have none; CSRs
 * of added extensions get slots after these.
 */
const slotNames = [
  ...['mstatus', 'medeleg', 'mideleg', 'mie', 'mip', 'mtvec', 'mcounteren', 'menvcfg', 'mscratch', 'mepc', 'mcause'],
  ...['mtval', 'stvec', 'scounteren', 'senvcfg', 'sscratch', 'sepc', 'scause', 'stval', 'satp', 'stimecmp'],
  ...['mcycle', 'minstret'],
  // Hypervisor extension. Those of vs* hold what is not in force: see hypervisor/world-switch.ts.
  ...['mtinst', 'mtval2', 'hstatus', 'hedeleg', 'hideleg', 'htimedelta', 'hcounteren', 'henvcfg', 'htval', 'htinst'],
  ...['hgatp', 'vsstatus', 'vstvec', 'vsscratch', 'vsepc', 'vscause', 'vstval', 'vsatp', 'vstimecmp'],
  ...['mstateen0', 'hstateen0', 'mstateen1', 'hstateen1', 'mstateen2', 'hstateen2', 'mstateen3', 'hstateen3'],
] as const;
export type CsrSlotName = (typeof slotNames)[number];
export const CsrSlot = Object.fromEntries(slotNames.map((name, index) => [name, index])) as Readonly<
  Record<CsrSlotName, number>
>;
/** pmpcfg0, pmpcfg2; then pmpaddr0 to pmpaddr15. */
export const PMP_CONFIGURATION_SLOT = slotNames.length;
export const PMP_ADDRESS_SLOT = PMP_CONFIGURATION_SLOT + 2;
export const FIRST_FREE_CSR_SLOT = PMP_ADDRESS_SLOT + 16;
export const CSR_SLOTS = (CONTEXT_SIZE - HartOffset.csr) / 8;

/** Bits of mstatus, all below bit 32 (privileged ISA, section "Machine Status (mstatus and mstatush) Registers"). */
export const Mstatus = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  MPP_SHIFT: 11,
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;
/** Bits of the upper half of mstatus: MPV and GVA (privileged ISA, "Hypervisor Extension", Machine-Level CSRs). */
export const MstatusHigh = { GVA: 1 << 6, MPV: 1 << 7 } as const;
/** Bits of hstatus. */
export const Hstatus = {
  GVA: 1 << 6,
  SPV: 1 << 7,
  SPVP: 1 << 8,
  HU: 1 << 9,
  VTVM: 1 << 20,
  VTW: 1 << 21,
  VTSR: 1 << 22,
} as const;

/** What a guest-page fault was met at: the access itself, or reading or updating an entry of the guest's page table. */
export const GuestFaultKind = { explicit: 0, tableRead: 1, tableWrite: 2 } as const;
export type GuestFaultKind = (typeof GuestFaultKind)[keyof typeof GuestFaultKind];

/** A u64 kept in the machine's memory as a number: exact below 2^53. */
function readNumber(u32: Uint32Array, word: number): number {
  return u32[word]! + u32[word + 1]! * 2 ** 32;
}

/** Of a register context, as it is between two slices. */
export type ContextState = {
  /** The context's part of the machine's memory, transient fields at their fixed values. */
  readonly bytes: Uint8Array;
  readonly isHosted: boolean;
  readonly lines: number;
  readonly supervisorDeadline: number;
  readonly misses: number;
  readonly walkReferences: number;
  readonly translatedFetches: number;
  readonly fetchMark: number;
  readonly isFetchTranslated: boolean;
  readonly retiredAt: readonly number[];
  readonly privilegeMark: number;
  readonly traps: readonly number[];
};

/**
 * One register context: its state in the machine's memory (hart-state.ts) and, here, what only JavaScript looks at. A hart runs
 * one context at a time.
 */
export class HartContext {
  readonly memory: MachineMemory;
  /** Byte offset of its state in the machine's memory. */
  readonly base: number;
  /** The same in 32-bit and in 64-bit elements. */
  readonly word: number;
  readonly quad: number;
  /** Machine mode is the host's: traps that would enter it end the slice. */
  isHosted = true;
  /** mip bits that devices drive: MSIP, MTIP, MEIP, SEIP. */
  lines = 0;
  /** Physical memory protection in force; empty while it is off. */
  pmp: readonly PmpEntry[] = [];
  /** Virtual time at which the owner's timer sets STIP (SBI set_timer); the owner clears it by setting a new one. */
  supervisorDeadline = Number.POSITIVE_INFINITY;
  /** TLB misses and page-table entries read. */
  misses = 0;
  walkReferences = 0;
  /** Instructions fetched through translation, up to `fetchMark` retired instructions. */
  translatedFetches = 0;
  fetchMark = 0;
  isFetchTranslated = false;
  /** Retired instructions by privilege level, up to `privilegeMark` retired instructions. */
  readonly retiredAt: [number, number, number, number] = [0, 0, 0, 0];
  privilegeMark = 0;
  /** Privilege of the guest in whose name a hypervisor load or store runs; -1 otherwise. */
  guestAccess = -1;
  /** That is hlvx: what it reads must be executable. */
  isExecuteRead = false;
  /** The fault that is noted is that of a hypervisor load or store: its address is the guest's. */
  isGuestAddress = false;
  /** The last guest-page fault: guest physical address divided by 4, in halves, and what its access was. */
  guestFaultLow = 0;
  guestFaultHigh = 0;
  guestFaultKind: GuestFaultKind = GuestFaultKind.explicit;
  /** Traps taken: exceptions at [code], interrupts at [64 + code]. */
  readonly traps = new Float64Array(128);

  constructor(memory: MachineMemory, index: number) {
    this.memory = memory;
    this.base = CONTEXTS + index * CONTEXT_SIZE;
    this.word = this.base >>> 2;
    this.quad = this.base >>> 3;
    this.reset();
  }

  /** Everything zero, machine mode or, for a hosted context, user mode. */
  reset(): void {
    this.memory.u8.fill(0, this.base, this.base + CONTEXT_SIZE);
    this.i32(HartOffset.trapCause, -1);
    this.memory.i64[this.quad + HartOffset.reservation / 8] = -1n;
  }

  save(): ContextState {
    const bytes = this.memory.u8.slice(this.base, this.base + CONTEXT_SIZE);
    const view = new DataView(bytes.buffer);
    for (const [offset, length, value] of transientFields) {
      if (length === 8) view.setBigInt64(offset, BigInt(value), true);
      else view.setInt32(offset, value, true);
    }
    const { isHosted, lines, supervisorDeadline, misses, walkReferences } = this;
    const { translatedFetches, fetchMark, isFetchTranslated, privilegeMark } = this;
    return {
      ...{ bytes, isHosted, lines, supervisorDeadline, misses, walkReferences },
      ...{ translatedFetches, fetchMark, isFetchTranslated, privilegeMark },
      ...{ retiredAt: [...this.retiredAt], traps: [...this.traps] },
    };
  }

  /** Physical memory protection follows from CSRs and is the caller's to decode anew: see `Hart.restore`. */
  restore(state: ContextState): void {
    const { bytes, retiredAt, traps, ...fields } = state;
    this.memory.u8.set(bytes, this.base);
    Object.assign(this, fields);
    for (let privilege = 0; privilege < 4; privilege++) this.retiredAt[privilege] = retiredAt[privilege]!;
    this.traps.set(traps);
  }

  i32(offset: number, value: number): void {
    this.memory.i32[this.word + (offset >>> 2)] = value;
  }

  get pc(): bigint {
    return this.memory.u64[this.quad + HartOffset.pc / 8]!;
  }
  set pc(value: bigint) {
    this.memory.u64[this.quad + HartOffset.pc / 8] = value;
  }

  setPc(low: number, high: number): void {
    this.memory.i32[this.word + HartOffset.pc / 4] = low;
    this.memory.i32[this.word + HartOffset.pc / 4 + 1] = high;
  }

  /** Low and high halves of pc, signed. */
  get pcLow(): number {
    return this.memory.i32[this.word + HartOffset.pc / 4]!;
  }
  get pcHigh(): number {
    return this.memory.i32[this.word + HartOffset.pc / 4 + 1]!;
  }

  /** Instructions retired. */
  get instret(): number {
    return readNumber(this.memory.u32, this.word + HartOffset.instret / 4);
  }
  get dataAccesses(): number {
    return readNumber(this.memory.u32, this.word + HartOffset.dataAccesses / 4);
  }

  get privilege(): PrivilegeLevel {
    return this.memory.i32[this.word + HartOffset.privilege / 4]! as PrivilegeLevel;
  }

  /** Changes the privilege and counts what has retired to the old one. `extra`: see markPrivilege. */
  setPrivilege(privilege: PrivilegeLevel, extra = 0): void {
    this.markPrivilege(extra);
    this.i32(HartOffset.privilege, privilege);
  }

  /** The hart is in a guest: V of the hypervisor extension. */
  get isVirtual(): boolean {
    return this.memory.i32[this.word + HartOffset.isVirtual / 4] !== 0;
  }
  /** Low half of vsstatus, wherever it stands. */
  get guestStatus(): number {
    return this.isVirtual ? this.mstatus : this.csrLow(CsrSlot.vsstatus);
  }
  /** Low half of sstatus of the hypervisor, or of mstatus where it is in force. */
  get hostStatus(): number {
    return this.isVirtual ? this.csrLow(CsrSlot.vsstatus) : this.mstatus;
  }
  /** Where vsatp stands. */
  get guestSatpSlot(): number {
    return this.isVirtual ? CsrSlot.satp : CsrSlot.vsatp;
  }

  /** The floating-point unit is on: for a guest, the hypervisor's FS counts too. */
  get isFloatOn(): boolean {
    const withheld = this.memory.i32[this.word + HartOffset.withheldStatus / 4]!;
    return (this.mstatus & Mstatus.FS) !== 0 && (withheld & Mstatus.FS) !== Mstatus.FS;
  }
  /** Floating-point state has changed. */
  dirtyFloat(): void {
    this.setCsrLow(CsrSlot.mstatus, this.mstatus | Mstatus.FS);
    if (!this.isVirtual) return;
    const outer = this.csrLow(CsrSlot.vsstatus) | Mstatus.FS;
    this.setCsrLow(CsrSlot.vsstatus, outer);
    this.i32(HartOffset.withheldStatus, ~outer);
  }

  /** CSR storage by slot: no side effects. */
  csr(slot: number): bigint {
    return this.memory.u64[this.quad + HartOffset.csr / 8 + slot]!;
  }
  setCsr(slot: number, value: bigint): void {
    this.memory.u64[this.quad + HartOffset.csr / 8 + slot] = value;
  }
  /** Low and high halves of a CSR, signed. */
  csrLow(slot: number): number {
    return this.memory.i32[this.word + HartOffset.csr / 4 + slot * 2]!;
  }
  csrHigh(slot: number): number {
    return this.memory.i32[this.word + HartOffset.csr / 4 + slot * 2 + 1]!;
  }
  setCsrLow(slot: number, value: number): void {
    this.memory.i32[this.word + HartOffset.csr / 4 + slot * 2] = value;
  }

  /** Sets a CSR from the halves of its value. */
  setCsrHalves(slot: number, low: number, high: number): void {
    const word = this.word + HartOffset.csr / 4 + slot * 2;
    this.memory.i32[word] = low;
    this.memory.i32[word + 1] = high;
  }

  get mstatus(): number {
    return this.csrLow(CsrSlot.mstatus);
  }

  /** Counts what retired since the last mark to the privilege in force. `extra`: instructions about to retire under it. */
  markPrivilege(extra = 0): void {
    const now = this.instret + extra;
    this.retiredAt[this.privilege] += now - this.privilegeMark;
    this.privilegeMark = now;
  }

  /** Counts fetches since the last mark as translated or not, and notes how the next ones are. */
  markFetches(isTranslated: boolean, extra = 0): void {
    const now = this.instret + extra;
    if (this.isFetchTranslated) this.translatedFetches += now - this.fetchMark;
    this.fetchMark = now;
    this.isFetchTranslated = isTranslated;
  }

  /** Retired instructions in user mode and in the modes above it, up to now. */
  retired(): { readonly user: number; readonly privileged: number } {
    this.markPrivilege();
    const [user, supervisor, , machine] = this.retiredAt;
    return { user, privileged: supervisor + machine };
  }

  /** TLB lookups that hit, misses, and walk references so far. */
  tlbCounters(): { readonly hits: number; readonly misses: number; readonly walkReferences: number } {
    this.markFetches(this.isFetchTranslated);
    const lookups = this.translatedFetches + this.dataAccesses;
    return {
      hits: Math.max(lookups - this.misses, 0),
      misses: this.misses,
      walkReferences: this.walkReferences,
    };
  }

  /** Loads and stores are the guest's: in a guest, in hypervisor loads and stores, and under MPRV with MPV. */
  get isDataVirtual(): boolean {
    if (this.isVirtual || this.guestAccess >= 0) return true;
    if (this.privilege !== Privilege.machine) return false;
    const { mstatus } = this;
    if ((mstatus & Mstatus.MPRV) === 0 || (mstatus & Mstatus.MPP) === Mstatus.MPP) return false;
    return (this.csrHigh(CsrSlot.mstatus) & MstatusHigh.MPV) !== 0;
  }

  /** The privilege that loads and stores have: that of mstatus.MPP under MPRV, of hstatus.SPVP for hypervisor loads and stores. */
  get dataPrivilege(): PrivilegeLevel {
    const { mstatus, privilege, guestAccess } = this;
    if (guestAccess >= 0) return guestAccess as PrivilegeLevel;
    if (privilege !== Privilege.machine || (mstatus & Mstatus.MPRV) === 0) return privilege;
    return ((mstatus & Mstatus.MPP) >> Mstatus.MPP_SHIFT) as PrivilegeLevel;
  }
}
