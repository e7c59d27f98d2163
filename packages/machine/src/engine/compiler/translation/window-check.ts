import { LOAD_TABLE, RAM_BASE, STORABLE_FRAMES, STORE_TABLE } from '../../../memory/memory-layout.ts';
import { Op, ValueType } from '../emission/emit.ts';
import type { AccessContext } from './access-context.ts';
import type { AccessWindow } from './access-window.ts';
import { PAGE_BITS, PAGE_SIZE, pushEntry, pushSum } from './address-check.ts';

/**
 * Sets a window's local variable. Where addresses are translated it becomes 0 when the window is not in one page of the table,
 * and accesses make checks of their own; physical addresses that are not all in RAM, and storable, leave.
 */
export function writeWindowCheck(context: AccessContext, base: number, window: AccessWindow): void {
  const { writer, physicalSize } = context;
  const { low, high, isStore, local } = window;
  const first = context.temporary(ValueType.i64);
  const span = high - low;
  if (physicalSize > 0) {
    pushSum(writer, { local: base, offset: low }, -RAM_BASE);
    writer
      .tee(first)
      .i64(physicalSize - span + 1)
      .op(Op.i64GeU);
    context.leaveIf();
    writer.get(first).op(Op.i32WrapI64).set(local);
    if (!isStore) return;
    writer.get(local).i32(PAGE_BITS).op(Op.i32ShrU).memory(Op.i32Load8U, STORABLE_FRAMES);
    writer
      .get(local)
      .i32(span - 1)
      .op(Op.i32Add);
    writer.i32(PAGE_BITS).op(Op.i32ShrU).memory(Op.i32Load8U, STORABLE_FRAMES);
    writer.op(Op.i32And).op(Op.i32Eqz);
    context.leaveIf();
    return;
  }
  const place = context.temporary(ValueType.i32);
  pushMismatch(context, base, { ...window, local: place });
  const mismatch = context.temporary(ValueType.i64);
  writer.set(mismatch).get(place).i32(0).get(mismatch).op(Op.i64Eqz).op(Op.select).set(local);
}

/**
 * Sets the windows' local variables, by translated addresses, and pushes an i32 that is 0 unless each of them lies in one page
 * of the table.
 */
export function pushAreTranslated(
  context: AccessContext,
  windows: readonly { readonly base: number; readonly window: AccessWindow }[],
): void {
  const { writer } = context;
  for (const [index, { base, window }] of windows.entries()) {
    pushMismatch(context, base, window);
    if (index > 0) writer.op(Op.i64Or);
  }
  writer.op(Op.i64Eqz);
}

/** Sets a window's local variable and pushes an i64 that is 0 when the window lies in one page of the translation table. */
function pushMismatch(context: AccessContext, base: number, { low, high, isStore, local }: AccessWindow): void {
  const { writer } = context;
  const table = isStore ? STORE_TABLE : LOAD_TABLE;
  const first = context.temporary(ValueType.i64);
  const entry = context.temporary(ValueType.i32);
  const tag = context.temporary(ValueType.i64);
  pushSum(writer, { local: base, offset: low }, 0);
  writer.set(first);
  pushEntry(context, first, table);
  writer.set(entry);
  writer
    .get(first)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, table + 8)
    .op(Op.i32Add)
    .set(local);
  writer.get(entry).memory(Op.i64Load, table).set(tag);
  writer.get(first).i64(-PAGE_SIZE).op(Op.i64And).get(tag).op(Op.i64Xor);
  pushSum(writer, { local: first, offset: high - low - 1 }, 0);
  writer.i64(-PAGE_SIZE).op(Op.i64And).get(tag).op(Op.i64Xor).op(Op.i64Or);
}
