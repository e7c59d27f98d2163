import type { DecodedInstruction, InstructionSet } from '@worldswitch/isa';
import { CsrSlot } from '../hart/hart-context.ts';
import { HartOffset } from '../hart/hart-state.ts';
import { statusView } from '../hart/supervisor-status.ts';

/**
 * CSRs that are nothing but storage: no access check beyond privilege, no computed bits, no consequence of a write. Trap
 * handlers use them all the time, so engines access them in place; besides them sstatus, as far as a write has no consequence, and
 * reads of time, and of frm, at which C libraries look whenever they print a number. All other CSRs go through csr-file.ts.
 */
const plainNames = ['sscratch', 'sepc', 'scause', 'stval'] as const;
export const MAX_PLAIN_CSRS = plainNames.length + 3;

/** A CSR that is accessed in place. */
export interface PlainCsr {
  readonly kind: 'stored' | 'status' | 'time' | 'rounding';
  readonly address: number;
  /** Byte offset in the hart context. */
  readonly offset: number;
  readonly readMask: bigint;
  /** 0 where only reads are performed in place. */
  readonly writeMask: bigint;
  readonly privilege: number;
}

export type CsrChange = 'none' | 'write' | 'set' | 'clear';

/** An access to such a CSR, as engines perform it. */
export interface PlainCsrAccess {
  readonly csr: PlainCsr;
  readonly change: CsrChange;
  /** The operand: a register, or the 5-bit immediate. */
  readonly source: { readonly register: number } | { readonly immediate: number };
}

/** How an instruction accesses a plain CSR; undefined when it is something else. */
export type PlainCsrLookup = (decoded: DecodedInstruction) => PlainCsrAccess | undefined;

const changes: Readonly<Record<string, CsrChange>> = {
  csrrw: 'write',
  csrrs: 'set',
  csrrc: 'clear',
  csrrwi: 'write',
  csrrsi: 'set',
  csrrci: 'clear',
};

const ALL = (1n << 64n) - 1n;

/** The plain CSRs of an instruction set: MAX_PLAIN_CSRS at most. */
export function plainCsrsOf(instructionSet: InstructionSet): readonly PlainCsr[] {
  const csrs: PlainCsr[] = [];
  for (const name of plainNames) {
    const definition = instructionSet.csrByName(name);
    if (!definition || definition.fields.some((field) => field.legal)) continue;
    const { address, writeMask, privilege } = definition;
    const offset = HartOffset.csr + 8 * CsrSlot[name];
    csrs.push({ kind: 'stored', address, offset, readMask: ALL, writeMask, privilege });
  }
  const status = instructionSet.csrByName('sstatus');
  if (status) {
    const { reads, writes } = statusView(instructionSet);
    const { address, privilege } = status;
    const [readMask, writeMask] = [BigInt(reads >>> 0), BigInt(writes >>> 0)];
    csrs.push({
      kind: 'status',
      address,
      offset: HartOffset.csr + 8 * CsrSlot.mstatus,
      readMask,
      writeMask,
      privilege,
    });
  }
  const time = instructionSet.csrByName('time');
  if (time) {
    const { address, privilege } = time;
    csrs.push({ kind: 'time', address, offset: 0, readMask: ALL, writeMask: 0n, privilege });
  }
  const rounding = instructionSet.csrByName('frm');
  if (rounding) {
    const { address, privilege } = rounding;
    csrs.push({ kind: 'rounding', address, offset: HartOffset.frm, readMask: ALL, writeMask: 0n, privilege });
  }
  return csrs;
}

export function createPlainCsrLookup(instructionSet: InstructionSet): PlainCsrLookup {
  const byAddress = new Map(plainCsrsOf(instructionSet).map((csr) => [csr.address, csr]));
  return (decoded) => {
    const statement = decoded.instruction.semantics[0];
    const operation = statement?.kind === 'control' ? statement.operation : '';
    const named = changes[operation];
    const csr = named && byAddress.get(decoded.csr);
    if (!csr) return undefined;
    const isImmediate = operation.endsWith('i');
    const isRead = named !== 'write' && (isImmediate ? decoded.imm : decoded.rs1) === 0;
    const change = isRead ? 'none' : named;
    if (csr.writeMask === 0n && change !== 'none') return undefined;
    return { csr, change, source: isImmediate ? { immediate: decoded.imm } : { register: decoded.rs1 } };
  };
}
