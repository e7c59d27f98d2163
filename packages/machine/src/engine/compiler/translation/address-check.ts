import type { AccessWidth } from '@worldswitch/isa';
import { indexMaskOf, RAM_BASE, STORABLE_FRAMES, TRANSLATION_INDEX_SHIFT } from '../../../memory/memory-layout.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import type { AccessAddress, AccessContext, PageMemo } from './access-context.ts';

export const PAGE_BITS = 12;
export const PAGE_SIZE = 4096;
const widthBits: Record<AccessWidth, number> = { 1: 0, 2: 1, 4: 2, 8: 3 };

/**
 * Leaves unless an aligned access by physical address is to RAM and, where it stores, to a frame that is storable. Returns the
 * local variable (i64) with the address's distance from the start of RAM.
 */
export function checkPhysical(
  context: AccessContext,
  address: AccessAddress,
  width: AccessWidth,
  isStore: boolean,
): number {
  const { writer, physicalSize } = context;
  const place = context.temporary(ValueType.i64);
  const element = context.temporary(ValueType.i64);
  const bits = widthBits[width];
  pushSum(writer, address, -RAM_BASE);
  writer.tee(place);
  // Rotated, an address that is misaligned is beyond RAM, so that one comparison finds both.
  if (bits > 0) writer.i64(bits).op(Op.i64Rotr);
  writer
    .tee(element)
    .i64(physicalSize >>> bits)
    .op(Op.i64GeU);
  context.leaveIf();
  if (!isStore) return place;
  writer
    .get(element)
    .op(Op.i32WrapI64)
    .i32(PAGE_BITS - bits)
    .op(Op.i32ShrU);
  writer.memory(Op.i32Load8U, STORABLE_FRAMES).op(Op.i32Eqz);
  context.leaveIf();
  return place;
}

/** Pushes the place in the machine's memory of an access within a page, after a look into the translation table. */
export function pushTranslated(
  context: AccessContext,
  address: AccessAddress,
  width: AccessWidth,
  table: number,
  { isAligned = false, memo }: { readonly isAligned?: boolean; readonly memo?: PageMemo | undefined } = {},
): void {
  const { writer } = context;
  const entry = context.temporary(ValueType.i32);
  let full = address.local;
  if (address.offset !== 0) {
    full = context.temporary(ValueType.i64);
    pushSum(writer, address, 0);
    writer.set(full);
  }
  // A misaligned address has a bit that no memo has: it might be that of an access across pages.
  const pushWithoutPlace = (): void =>
    void writer
      .get(full)
      .i64(PAGE_SIZE - width)
      .op(Op.i64Or);
  if (memo) {
    pushWithoutPlace();
    writer.get(memo.tag).op(Op.i64Ne).open(Op.if);
  }
  pushEntry(context, full, table);
  writer.tee(entry).memory(Op.i64Load, table);
  pushTagOf(writer, full, width, isAligned);
  writer.op(Op.i64Ne);
  context.leaveIf();
  if (memo) {
    pushWithoutPlace();
    if (width > 1) writer.i64(-width).op(Op.i64And);
    writer.set(memo.tag);
    writer
      .get(entry)
      .memory(Op.i32Load, table + 8)
      .set(memo.addend);
    writer.close();
    writer.get(full).op(Op.i32WrapI64).get(memo.addend).op(Op.i32Add);
    return;
  }
  writer
    .get(full)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, table + 8)
    .op(Op.i32Add);
}

/** Pushes the place of the translation table's entry for an address. */
export function pushEntry(context: AccessContext, address: number, table: number): void {
  const { writer } = context;
  writer.get(address).op(Op.i32WrapI64).i32(TRANSLATION_INDEX_SHIFT).op(Op.i32ShrU);
  writer.i32(indexMaskOf(table)).op(Op.i32And);
  writer.get(context.translations).op(Op.i32Add);
}

/**
 * Pushes the bits of an address (local variable, i64) that the translation table's tag must have: an access's last byte is in the
 * page that the entry is for, or, where the access has to be aligned, no bit below its width is set.
 */
export function pushTagOf(writer: FunctionWriter, address: number, width: AccessWidth, isAligned: boolean): void {
  writer.get(address);
  if (isAligned) writer.i64(-PAGE_SIZE | (width - 1));
  else {
    if (width > 1) writer.i64(width - 1).op(Op.i64Add);
    writer.i64(-PAGE_SIZE);
  }
  writer.op(Op.i64And);
}

/** Pushes an address with a constant added. */
export function pushSum(writer: FunctionWriter, { local, offset }: AccessAddress, bias: number): void {
  writer.get(local);
  if (offset + bias !== 0) writer.i64(offset + bias).op(Op.i64Add);
}
