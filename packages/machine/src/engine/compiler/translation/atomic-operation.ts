import type { AmoOperation, Statement } from '@worldswitch/isa';
import { HartOffset } from '../../../hart/hart-state.ts';
import { RAM, RAM_BASE } from '../../../memory/memory-layout.ts';
import { loadOpcodes, storeOpcodes } from '../emission/access-opcodes.ts';
import { type FunctionWriter, Op } from '../emission/emit.ts';

/** An atomic access of an instruction's semantics. */
export type AtomicStatement = Extract<Statement, { readonly kind: 'amo' | 'loadReserved' | 'storeConditional' }>;

/** Operations whose new value one instruction makes of the old one and the operand. */
const combinations: Partial<Record<AmoOperation, number>> = {
  add: Op.i64Add,
  xor: Op.i64Xor,
  and: Op.i64And,
  or: Op.i64Or,
};
/** Those that choose: the comparison under which the old value stays. */
const choices: Partial<Record<AmoOperation, number>> = {
  min: Op.i64LtS,
  max: Op.i64GtS,
  minu: Op.i64LtU,
  maxu: Op.i64GtU,
};

/** Local variables of an atomic access. */
export interface AtomicLocals {
  /** The hart context's base. */
  readonly context: number;
  /** i32: its place in the machine's memory. */
  readonly at: number;
  /** i64, sign-extended where the access is to a word: 32-bit numbers compare then as they are, signed or not. */
  readonly operand: number;
  /** i64: becomes what the statement binds, the old value or whether the store failed. */
  readonly result: number;
}

/**
 * Writes the access itself (unprivileged ISA, A extension), all but compare-and-swap. Only one hart runs at a time, so that a load
 * and a store do.
 */
export function writeAtomicOperation(
  writer: FunctionWriter,
  atomic: AtomicStatement,
  { context, at, operand, result }: AtomicLocals,
): void {
  const { width } = atomic;
  const load = loadOpcodes[width].signed;
  const store = storeOpcodes[width];
  switch (atomic.kind) {
    case 'amo': {
      const combination = combinations[atomic.operation];
      const choice = choices[atomic.operation];
      writer.get(at).memory(load, 0).set(result).get(at);
      if (combination !== undefined) writer.get(result).get(operand).op(combination);
      else if (choice !== undefined) writer.get(result).get(operand).get(result).get(operand).op(choice).op(Op.select);
      else writer.get(operand);
      writer.memory(store, 0);
      break;
    }
    case 'loadReserved':
      writer.get(context);
      pushPhysicalAddress(writer, at);
      writer.memory(Op.i64Store, HartOffset.reservation);
      writer.get(at).memory(load, 0).set(result);
      break;
    case 'storeConditional':
      writer.get(context).memory(Op.i64Load, HartOffset.reservation);
      pushPhysicalAddress(writer, at);
      writer.op(Op.i64Ne).op(Op.i64ExtendI32U).set(result);
      writer.get(context).i64(-1).memory(Op.i64Store, HartOffset.reservation);
      writer.get(result).op(Op.i64Eqz).open(Op.if);
      writer.get(at).get(operand).memory(store, 0);
      writer.close();
      break;
    default:
      atomic satisfies never;
  }
}

/** The address as a reservation keeps it. */
function pushPhysicalAddress(writer: FunctionWriter, at: number): void {
  writer
    .get(at)
    .op(Op.i64ExtendI32U)
    .i64(RAM_BASE - RAM)
    .op(Op.i64Add);
}
