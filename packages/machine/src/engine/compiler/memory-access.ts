import type { AccessWidth } from '@worldswitch/isa';
import {
  LOAD_TABLE,
  RAM,
  RAM_BASE,
  STORABLE_FRAMES,
  STORE_TABLE,
  TRANSLATION_INDEX_MASK,
  TRANSLATION_INDEX_SHIFT,
} from '../../memory-layout.ts';
import type { AccessWindow } from './access-window.ts';
import { type FunctionWriter, Op, ValueType } from './emit.ts';

/** Loads and stores as compiled code performs them: a check, and the access to RAM; what fails the check leaves the region. */

/** An address: the value of a local variable (i64) plus a constant. */
export interface AccessAddress {
  readonly local: number;
  readonly offset: number;
  /** The guest register that the local variable holds. */
  readonly register?: number;
}

/** What an access needs from the function around it. */
export interface AccessContext {
  readonly writer: FunctionWriter;
  /** Bytes of RAM when data addresses are physical and unprotected; 0 when they go through the translation tables. */
  readonly physicalSize: number;
  /** Local variable with the base of the translation set. */
  readonly translations: number;
  temporary(type: ValueType): number;
  /** Takes an i32: unless it is 0, leaves before the instruction, whose access is for others to make. */
  leaveIf(): void;
}

const loadOpcodes: Record<AccessWidth, { readonly signed: number; readonly unsigned: number }> = {
  1: { signed: Op.i64Load8S, unsigned: Op.i64Load8U },
  2: { signed: Op.i64Load16S, unsigned: Op.i64Load16U },
  4: { signed: Op.i64Load32S, unsigned: Op.i64Load32U },
  8: { signed: Op.i64Load, unsigned: Op.i64Load },
};
const storeOpcodes: Record<AccessWidth, number> = {
  1: Op.i64Store8,
  2: Op.i64Store16,
  4: Op.i64Store32,
  8: Op.i64Store,
};
const widthBits: Record<AccessWidth, number> = { 1: 0, 2: 1, 4: 2, 8: 3 };
const PAGE_BITS = 12;
const PAGE_SIZE = 4096;

/** Pushes the value loaded: an i64, or the f64 of these 8 bytes. */
export function writeLoad(
  context: AccessContext,
  address: AccessAddress,
  width: AccessWidth,
  isSigned: boolean,
  isDouble: boolean,
  window?: AccessWindow,
): void {
  const { writer, physicalSize } = context;
  const opcode = isDouble ? Op.f64Load : loadOpcodes[width][isSigned ? 'signed' : 'unsigned'];
  if (window) {
    if (physicalSize > 0) {
      writer.get(window.local).memory(opcode, RAM + address.offset - window.low);
      return;
    }
    writer.get(window.local).open(Op.if, isDouble ? ValueType.f64 : ValueType.i64);
    writer.get(window.local).memory(opcode, address.offset - window.low);
    writer.otherwise();
    pushTranslated(context, address, width, LOAD_TABLE);
    writer.memory(opcode, 0);
    writer.close();
    return;
  }
  if (physicalSize > 0) {
    const place = context.temporary(ValueType.i64);
    pushSum(writer, address, -RAM_BASE);
    writer
      .tee(place)
      .i64(physicalSize - width + 1)
      .op(Op.i64GeU);
    context.leaveIf();
    writer.get(place).op(Op.i32WrapI64).memory(opcode, RAM);
    return;
  }
  pushTranslated(context, address, width, LOAD_TABLE);
  writer.memory(opcode, 0);
}

/** @param value local variable: an i64, or an f64 whose 8 bytes are stored. */
export function writeStore(
  context: AccessContext,
  address: AccessAddress,
  width: AccessWidth,
  value: number,
  isDouble: boolean,
  window?: AccessWindow,
): void {
  const { writer, physicalSize } = context;
  const opcode = isDouble ? Op.f64Store : storeOpcodes[width];
  if (window) {
    if (physicalSize > 0) {
      writer
        .get(window.local)
        .get(value)
        .memory(opcode, RAM + address.offset - window.low);
      return;
    }
    writer.get(window.local).open(Op.if);
    writer
      .get(window.local)
      .get(value)
      .memory(opcode, address.offset - window.low);
    writer.otherwise();
    pushTranslated(context, address, width, STORE_TABLE);
    writer.get(value).memory(opcode, 0);
    writer.close();
    return;
  }
  if (physicalSize > 0) {
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
    writer
      .get(element)
      .op(Op.i32WrapI64)
      .i32(PAGE_BITS - bits)
      .op(Op.i32ShrU);
    writer.memory(Op.i32Load8U, STORABLE_FRAMES).op(Op.i32Eqz);
    context.leaveIf();
    writer.get(place).op(Op.i32WrapI64).get(value).memory(opcode, RAM);
    return;
  }
  pushTranslated(context, address, width, STORE_TABLE);
  writer.get(value).memory(opcode, 0);
}

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
  const table = isStore ? STORE_TABLE : LOAD_TABLE;
  const entry = context.temporary(ValueType.i32);
  const tag = context.temporary(ValueType.i64);
  pushSum(writer, { local: base, offset: low }, 0);
  writer.set(first);
  pushEntry(context, first);
  writer.set(entry);
  writer
    .get(first)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, table + 8)
    .op(Op.i32Add);
  writer.i32(0).get(entry).memory(Op.i64Load, table).set(tag);
  writer.get(first).i64(-PAGE_SIZE).op(Op.i64And).get(tag).op(Op.i64Xor);
  pushSum(writer, { local: first, offset: span - 1 }, 0);
  writer.i64(-PAGE_SIZE).op(Op.i64And).get(tag).op(Op.i64Xor).op(Op.i64Or).op(Op.i64Eqz);
  writer.op(Op.select).set(local);
}

/** Pushes the place of the translation table's entry for an address. */
function pushEntry(context: AccessContext, address: number): void {
  const { writer } = context;
  writer.get(address).op(Op.i32WrapI64).i32(TRANSLATION_INDEX_SHIFT).op(Op.i32ShrU);
  writer.i32(TRANSLATION_INDEX_MASK).op(Op.i32And);
  writer.get(context.translations).op(Op.i32Add);
}

/** Pushes the place in the machine's memory of an aligned access, after a look into the translation table. */
function pushTranslated(context: AccessContext, address: AccessAddress, width: AccessWidth, table: number): void {
  const { writer } = context;
  const entry = context.temporary(ValueType.i32);
  let full = address.local;
  if (address.offset !== 0) {
    full = context.temporary(ValueType.i64);
    pushSum(writer, address, 0);
    writer.set(full);
  }
  pushEntry(context, full);
  writer.tee(entry).memory(Op.i64Load, table);
  writer
    .get(full)
    .i64(-PAGE_SIZE | (width - 1))
    .op(Op.i64And)
    .op(Op.i64Ne);
  context.leaveIf();
  writer
    .get(full)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, table + 8)
    .op(Op.i32Add);
}

function pushSum(writer: FunctionWriter, { local, offset }: AccessAddress, bias: number): void {
  writer.get(local);
  if (offset + bias !== 0) writer.i64(offset + bias).op(Op.i64Add);
}
