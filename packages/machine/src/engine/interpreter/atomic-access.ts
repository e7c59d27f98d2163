import type { AccessWidth } from '@worldswitch/isa';
import { HartOffset } from '../../hart/hart-state.ts';
import { RAM, RAM_BASE } from '../../memory/memory-layout.ts';
import { type FunctionWriter, Op } from '../compiler/emission/emit.ts';
import type { AtomicStatement } from './handlers.ts';

export const storeOpcodes: Record<AccessWidth, number> = {
  1: Op.i64Store8,
  2: Op.i64Store16,
  4: Op.i64Store32,
  8: Op.i64Store,
};

const minMaxComparisons: Readonly<Record<string, number>> = {
  min: Op.i64LtS,
  minu: Op.i64LtU,
  max: Op.i64GtS,
  maxu: Op.i64GtU,
};
const amoOpcodes: Readonly<Record<string, number>> = { add: Op.i64Add, xor: Op.i64Xor, and: Op.i64And, or: Op.i64Or };

/** Local variables of an atomic access: where in the machine's memory, with what, and what comes of it. */
export interface AtomicLocals {
  readonly context: number;
  readonly at: number;
  readonly operand: number;
  readonly result: number;
}

/** Writes the access itself (unprivileged ISA, A extension). Only one hart runs at a time, so that a load and a store do. */
export function writeAtomicAccess(
  writer: FunctionWriter,
  atomic: AtomicStatement,
  { context, at, operand, result }: AtomicLocals,
): void {
  const { width } = atomic;
  const opcode = width === 8 ? Op.i64Load : Op.i64Load32S;
  /** The address as a reservation keeps it. */
  const physical = () =>
    writer
      .get(at)
      .op(Op.i64ExtendI32U)
      .i64(RAM_BASE - RAM)
      .op(Op.i64Add);
  switch (atomic.kind) {
    case 'amo':
      writer.get(at).memory(opcode, 0).set(result);
      writer.get(at);
      if (atomic.operation === 'swap') writer.get(operand);
      else {
        const comparison = minMaxComparisons[atomic.operation];
        writer.get(result).get(operand);
        if (comparison !== undefined) writer.get(result).get(operand).op(comparison).op(Op.select);
        else writer.op(amoOpcodes[atomic.operation]!);
      }
      writer.memory(storeOpcodes[width], 0);
      break;
    case 'loadReserved':
      writer.get(context);
      physical();
      writer.memory(Op.i64Store, HartOffset.reservation);
      writer.get(at).memory(opcode, 0).set(result);
      break;
    case 'storeConditional':
      writer.get(context).memory(Op.i64Load, HartOffset.reservation);
      physical();
      writer.op(Op.i64Ne).op(Op.i64ExtendI32U).set(result);
      writer.get(context).i64(-1).memory(Op.i64Store, HartOffset.reservation);
      writer.get(result).op(Op.i64Eqz).open(Op.if);
      writer.get(at).get(operand).memory(storeOpcodes[width], 0);
      writer.close();
      break;
    default:
      atomic satisfies never;
  }
}
