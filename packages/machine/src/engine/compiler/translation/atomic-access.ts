import { CACHE_BLOCK_BYTES } from '@worldswitch/isa';
import { LOAD_TABLE, RAM, STORE_TABLE } from '../../../memory/memory-layout.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import type { AccessAddress, AccessContext } from './access-context.ts';
import { checkPhysical, pushTranslated } from './address-check.ts';
import { type AtomicStatement, writeAtomicOperation } from './atomic-operation.ts';

/** Pushes what the statement binds. @param value local variable (i64); load-reserved has none. */
export function writeAtomic(
  context: AccessContext,
  statement: AtomicStatement,
  address: AccessAddress,
  value: number | undefined,
): void {
  const { writer, hart } = context;
  const { width } = statement;
  const at = setPlace(context, address, width, statement.kind !== 'loadReserved');
  const result = context.temporary(ValueType.i64);
  let operand = value ?? result;
  if (value !== undefined && width === 4) {
    operand = context.temporary(ValueType.i64);
    writer.get(value).op(Op.i64Extend32S).set(operand);
  }
  writeAtomicOperation(writer, statement, { context: hart, at, operand, result });
  writer.get(result);
}

/** Stores zeros into a cache block. @param block local variable (i64): the address of its first byte. */
export function writeZeroBlock(context: AccessContext, block: number): void {
  const place = setPlace(context, { local: block, offset: 0 }, 8, true);
  writeZeros(context.writer, place);
}

/** Stores zeros into the cache block at a place of the machine's memory: local variable (i32). */
export function writeZeros(writer: FunctionWriter, place: number): void {
  for (let offset = 0; offset < CACHE_BLOCK_BYTES; offset += 8) {
    writer.get(place).i64(0).memory(Op.i64Store, offset);
  }
}

/** Sets a local variable (i32) to the place in the machine's memory of an atomic's operand. */
function setPlace(context: AccessContext, address: AccessAddress, width: 4 | 8, isStore: boolean): number {
  const { writer } = context;
  const place = context.temporary(ValueType.i32);
  if (context.physicalSize > 0) {
    writer
      .get(checkPhysical(context, address, width, isStore))
      .op(Op.i32WrapI64)
      .i32(RAM)
      .op(Op.i32Add);
  } else pushTranslated(context, address, width, isStore ? STORE_TABLE : LOAD_TABLE, { isAligned: true });
  writer.set(place);
  return place;
}
