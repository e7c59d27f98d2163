import type { Citation } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';
import type { PrivilegeLevel } from '../privilege.ts';

/**
 * How a field takes writes (privileged ISA, section "CSR Field Specifications"): WPRI reads as zero and ignores writes, WLRL and
 * WARL hold legal values only, RW holds anything, RO ignores writes.
 */
export type CsrAccess = 'WPRI' | 'WLRL' | 'WARL' | 'RW' | 'RO';

export interface CsrField {
  readonly name: string;
  readonly high: number;
  readonly low: number;
  readonly access: CsrAccess;
  /** For WARL and WLRL: the values it can hold; an illegal one leaves it unchanged. All values when absent. */
  readonly legal?: readonly number[];
}

/** A CSR that shows a part of another one. */
export interface CsrView {
  readonly of: string;
  /** Bits of the other CSR that are visible. */
  readonly mask: bigint;
  /** The lowest visible bit of the other CSR is this view's bit 0. */
  readonly shift: number;
  /** The view is further limited to the bits set in this CSR, as sie and sip are by mideleg. */
  readonly maskedBy?: string;
}

export interface CsrDefinition {
  /** 0 to 0xfff. */
  readonly address: number;
  readonly name: string;
  readonly summary: string;
  /** Lowest privilege that may access it. */
  readonly privilege: PrivilegeLevel;
  /** A write raises an illegal-instruction exception. */
  readonly readOnly: boolean;
  readonly fields: readonly CsrField[];
  /** Bits that a write can change. */
  readonly writeMask: bigint;
  readonly view?: CsrView;
  /** A write with an illegal value in any field has no effect at all, as in satp. */
  readonly isAllOrNothing?: boolean;
  /** The counter-enable bit that must be set for less privileged modes to read it. */
  readonly counterEnableBit?: number;
  readonly cite: Citation;
}

/** Lowest privilege that a CSR address allows: bits 9:8 (privileged ISA, section "CSR Address Mapping Conventions"). */
export function csrPrivilege(address: number): PrivilegeLevel {
  const level = (address >> 8) & 3;
  // Level 2 is that of the hypervisor CSRs, which HS-mode, a supervisor, accesses.
  return level === 2 ? 1 : (level as PrivilegeLevel);
}

/** Whether a CSR address is read-only: bits 11:10 are 11 (same section). */
export const isCsrReadOnly = (address: number): boolean => ((address >> 10) & 3) === 3;

const fieldMask = ({ high, low }: CsrField): bigint => ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

export interface CsrOptions {
  readonly manual?: 'unprivileged' | 'privileged';
  /** `12:11 MPP WARL 0,1,3 | 7 MPIE RW`: bits, name, access, legal values. One read-write field of all bits when absent. */
  readonly fields?: string;
  readonly view?: CsrView;
  readonly isAllOrNothing?: boolean;
  readonly counterEnableBit?: number;
}

/** Makes a CSR's row; privilege, read-only and write mask follow from the address and the fields. */
export function defineCsr(
  address: number,
  name: string,
  summary: string,
  section: string,
  { manual = 'privileged', fields: fieldText, ...rest }: CsrOptions = {},
): CsrDefinition {
  const readOnly = isCsrReadOnly(address);
  const fields = parseFields(name, fieldText ?? `63:0 ${name} ${readOnly ? 'RO' : 'RW'}`);
  const writeMask = writeMaskOf(name, fields, readOnly);
  const privilege = csrPrivilege(address);
  return { address, name, summary, privilege, readOnly, fields, writeMask, ...rest, cite: { manual, section } };
}

/** A CSR to which an extension adds fields, in the form that `CsrOptions.fields` has. */
export function addCsrFields(csr: CsrDefinition, fieldText: string | undefined): CsrDefinition {
  if (fieldText === undefined) return csr;
  const fields = [...csr.fields, ...parseFields(csr.name, fieldText)].sort((a, b) => b.high - a.high);
  return { ...csr, fields, writeMask: writeMaskOf(csr.name, fields, csr.readOnly) };
}

function writeMaskOf(name: string, fields: readonly CsrField[], readOnly: boolean): bigint {
  let taken = 0n;
  let writeMask = 0n;
  for (const field of fields) {
    const mask = fieldMask(field);
    if ((taken & mask) !== 0n) throw new IsaError(`${name}: field ${field.name} overlaps another`);
    taken |= mask;
    if (field.access !== 'RO' && field.access !== 'WPRI' && !readOnly) writeMask |= mask;
  }
  return writeMask;
}

function parseFields(csr: string, text: string): CsrField[] {
  return text.split('|').map((part) => {
    const [bits = '', name = '', access = '', legal] = part.trim().split(' ');
    const [high = Number.NaN, low = high] = bits.split(':').map(Number);
    if (!(low >= 0 && high >= low && high < 64) || !name || !/^(WPRI|WLRL|WARL|RW|RO)$/.test(access)) {
      throw new IsaError(`${csr}: cannot read the field "${part.trim()}"`);
    }
    const field = { name, high, low, access: access as CsrAccess };
    return legal === undefined ? field : { ...field, legal: legal.split(',').map(Number) };
  });
}

/** The value a CSR holds after `written` is written over `old`: writable bits change, fields with illegal values stay. */
export function mergeCsrWrite(csr: CsrDefinition, old: bigint, written: bigint): bigint {
  let writable = csr.writeMask;
  for (const field of csr.fields) {
    if (!field.legal) continue;
    const mask = fieldMask(field);
    if (field.legal.includes(Number((written & mask) >> BigInt(field.low)))) continue;
    if (csr.isAllOrNothing) return old;
    writable &= ~mask;
  }
  return (old & ~writable) | (written & writable);
}
