import type { DecodedInstruction, InstructionSet } from '@worldswitch/isa';
import { CsrSlot } from '../../hart-context.ts';
import { HartOffset } from '../../hart-state.ts';

/**
 * CSRs that are nothing but storage: no access check beyond privilege, no computed bits, no consequence of a write. Trap
 * handlers use them all the time, so compiled code accesses them in place; all other CSRs go through csr-file.ts.
 */
const plainNames = ['sscratch', 'sepc', 'scause', 'stval'] as const;

/** An access to a plain CSR, as compiled code performs it. */
export interface PlainCsrAccess {
  /** Byte offset in the hart context. */
  readonly offset: number;
  readonly writeMask: bigint;
  readonly privilege: number;
  readonly change: 'none' | 'write' | 'set' | 'clear';
  /** The operand: a register, or the 5-bit immediate. */
  readonly source: { readonly register: number } | { readonly immediate: number };
}

/** How an instruction accesses a plain CSR; undefined when it is something else. */
export type PlainCsrLookup = (decoded: DecodedInstruction) => PlainCsrAccess | undefined;

const changes: Readonly<Record<string, 'write' | 'set' | 'clear'>> = {
  csrrw: 'write',
  csrrs: 'set',
  csrrc: 'clear',
  csrrwi: 'write',
  csrrsi: 'set',
  csrrci: 'clear',
};

export function createPlainCsrLookup(instructionSet: InstructionSet): PlainCsrLookup {
  const byAddress = new Map<number, { offset: number; writeMask: bigint; privilege: number }>();
  for (const name of plainNames) {
    const definition = instructionSet.csrByName(name);
    if (!definition || definition.fields.some((field) => field.legal)) continue;
    const { address, writeMask, privilege } = definition;
    byAddress.set(address, { offset: HartOffset.csr + 8 * CsrSlot[name], writeMask, privilege });
  }
  return (decoded) => {
    const statement = decoded.instruction.semantics[0];
    const operation = statement?.kind === 'control' ? statement.operation : '';
    const change = changes[operation];
    const csr = change && byAddress.get(decoded.csr);
    if (!csr) return undefined;
    const isImmediate = operation.endsWith('i');
    const isRead = change !== 'write' && (isImmediate ? decoded.imm : decoded.rs1) === 0;
    return {
      ...csr,
      change: isRead ? 'none' : change,
      source: isImmediate ? { immediate: decoded.imm } : { register: decoded.rs1 },
    };
  };
}
