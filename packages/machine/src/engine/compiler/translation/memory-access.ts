import type { AccessWidth } from '@worldswitch/isa';
import { LOAD_TABLE, RAM, RAM_BASE, STORE_TABLE } from '../../../memory/memory-layout.ts';
import { loadOpcodes, storeOpcodes } from '../emission/access-opcodes.ts';
import { Op, ValueType } from '../emission/emit.ts';
import type { AccessAddress, AccessContext } from './access-context.ts';
import type { AccessWindow } from './access-window.ts';
import { checkPhysical, pushSum, pushTranslated } from './address-check.ts';

/** Loads and stores as compiled code performs them: a check, and the access to RAM; what fails the check leaves the region. */

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

/** What is added to the place that a window's local variable holds. */
const ramOffset = ({ physicalSize }: AccessContext): number => (physicalSize > 0 ? RAM : 0);
