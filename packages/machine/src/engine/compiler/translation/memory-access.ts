import { type AccessWidth, type AmoOperation, CACHE_BLOCK_BYTES } from '@worldswitch/isa';
import { HartOffset } from '../../../hart/hart-state.ts';
import {
  indexMaskOf,
  LOAD_TABLE,
  RAM,
  RAM_BASE,
  STORABLE_FRAMES,
  STORE_TABLE,
  TRANSLATION_INDEX_SHIFT,
} from '../../../memory/memory-layout.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import type { AccessWindow } from './access-window.ts';

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
  /** Local variable with the hart context's base. */
  readonly hart: number;
  /** Bytes of RAM when data addresses are physical and unprotected; 0 when they go through the translation tables. */
  readonly physicalSize: number;
  /** Local variable with the base of the translation set. */
  readonly translations: number;
  temporary(type: ValueType): number;
  /** Takes an i32: unless it is 0, leaves before the instruction, whose access is for others to make. */
  leaveIf(): void;
  /** What the function remembers of the page that the current instruction accessed last, where that is worth it. */
  pageMemo?(): PageMemo | undefined;
}

/**
 * The page that an instruction in a loop accessed last, in local variables: what the translation table says of it holds until
 * the region is left or calls. With it the place of an access depends on its address by one addition, not by two loads, and
 * where pages change the comparison fails and the table is looked at.
 */
export interface PageMemo {
  /** i64: the page's address with the bits set in which accesses to it may differ; 0 for none. */
  readonly tag: number;
  /** i32: what the address is to be added to. */
  readonly addend: number;
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
/** Atomics whose new value one instruction makes of the old one and the operand. */
const amoOpcodes: Partial<Record<AmoOperation, number>> = {
  add: Op.i64Add,
  xor: Op.i64Xor,
  and: Op.i64And,
  or: Op.i64Or,
};
/** Those that choose: the comparison under which the old value stays. */
const amoChoices: Partial<Record<AmoOperation, number>> = {
  min: Op.i64LtS,
  max: Op.i64GtS,
  minu: Op.i64LtU,
  maxu: Op.i64GtU,
};
/** Atomics that `writeAmo` knows. */
export type InlineAmo = Exclude<AmoOperation, 'cas'>;
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
    if (window.isSure) {
      writer.get(window.local).memory(opcode, ramOffset(context) + address.offset - window.low);
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
  pushTranslated(context, address, width, LOAD_TABLE, { memo: context.pageMemo?.() });
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
    if (window.isSure) {
      writer
        .get(window.local)
        .get(value)
        .memory(opcode, ramOffset(context) + address.offset - window.low);
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
    writer
      .get(checkPhysical(context, address, width, true))
      .op(Op.i32WrapI64)
      .get(value)
      .memory(opcode, RAM);
    return;
  }
  pushTranslated(context, address, width, STORE_TABLE, { memo: context.pageMemo?.() });
  writer.get(value).memory(opcode, 0);
}

/**
 * Leaves unless an aligned access by physical address is to RAM and, where it stores, to a frame that is storable. Returns the
 * local variable (i64) with the address's distance from the start of RAM.
 */
function checkPhysical(context: AccessContext, address: AccessAddress, width: AccessWidth, isStore: boolean): number {
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

/** Pushes the old value. @param value local variable (i64). */
export function writeAmo(
  context: AccessContext,
  operation: InlineAmo,
  address: AccessAddress,
  width: 4 | 8,
  value: number,
): void {
  const { writer } = context;
  const place = setPlace(context, address, width, true);
  const old = context.temporary(ValueType.i64);
  const operand = context.temporary(ValueType.i64);
  writer.get(value);
  // Extended alike, 32-bit numbers compare as they are, signed or not.
  if (width === 4) writer.op(Op.i64Extend32S);
  writer.set(operand);
  writer.get(place).memory(loadOpcodes[width].signed, 0).set(old).get(place);
  const combine = amoOpcodes[operation];
  const chooses = amoChoices[operation];
  if (combine !== undefined) writer.get(old).get(operand).op(combine);
  else if (chooses !== undefined) writer.get(old).get(operand).get(old).get(operand).op(chooses).op(Op.select);
  else writer.get(operand);
  writer.memory(storeOpcodes[width], 0).get(old);
}

/** Pushes the value, and reserves its physical address. */
export function writeLoadReserved(context: AccessContext, address: AccessAddress, width: 4 | 8): void {
  const { writer } = context;
  const place = setPlace(context, address, width, false);
  writer.get(context.hart);
  pushPhysicalAddress(writer, place);
  writer.memory(Op.i64Store, HartOffset.reservation);
  writer.get(place).memory(loadOpcodes[width].signed, 0);
}

/** Pushes 0 when the address was reserved and the value is stored, 1 otherwise. @param value local variable (i64). */
export function writeStoreConditional(
  context: AccessContext,
  address: AccessAddress,
  width: 4 | 8,
  value: number,
): void {
  const { writer } = context;
  const place = setPlace(context, address, width, true);
  const isReserved = context.temporary(ValueType.i32);
  writer.get(context.hart).memory(Op.i64Load, HartOffset.reservation);
  pushPhysicalAddress(writer, place);
  writer.op(Op.i64Eq).set(isReserved);
  writer.get(context.hart).i64(-1).memory(Op.i64Store, HartOffset.reservation);
  writer.get(isReserved).open(Op.if);
  writer.get(place).get(value).memory(storeOpcodes[width], 0);
  writer.close();
  writer.get(isReserved).op(Op.i32Eqz).op(Op.i64ExtendI32U);
}

function pushPhysicalAddress(writer: FunctionWriter, place: number): void {
  writer
    .get(place)
    .op(Op.i64ExtendI32U)
    .i64(RAM_BASE - RAM)
    .op(Op.i64Add);
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

/** What is added to the place that a window's local variable holds. */
const ramOffset = ({ physicalSize }: AccessContext): number => (physicalSize > 0 ? RAM : 0);

/** Pushes the place of the translation table's entry for an address. */
function pushEntry(context: AccessContext, address: number, table: number): void {
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

/** Pushes the place in the machine's memory of an access within a page, after a look into the translation table. */
function pushTranslated(
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

function pushSum(writer: FunctionWriter, { local, offset }: AccessAddress, bias: number): void {
  writer.get(local);
  if (offset + bias !== 0) writer.i64(offset + bias).op(Op.i64Add);
}
