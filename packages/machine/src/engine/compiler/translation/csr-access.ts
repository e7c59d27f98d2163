import { Mstatus } from '../../../hart/hart-context.ts';
import { HartOffset, OpenControl } from '../../../hart/hart-state.ts';
import { LIGHT_STATUS, UXL_HIGH } from '../../../hart/supervisor-status.ts';
import { PARTS_PER_TICK } from '../../../schedule/machine-clock.ts';
import type { CsrChange, PlainCsr, PlainCsrAccess } from '../../plain-csr.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import { CLOCK_PARTS, CLOCK_PARTS_EACH, CLOCK_TICKS } from '../layout.ts';
import { pushIsFloatDirty } from './float-unit.ts';

/** What an access to a CSR needs from the function around it. */
export interface CsrContext {
  readonly writer: FunctionWriter;
  /** Local variable with the hart context's base. */
  readonly hart: number;
  /** A local variable that is free until the instruction ends. */
  temporary(type?: ValueType): number;
  /** Takes an i32: when it is 0, leaves before the instruction so that the reference semantics execute it. */
  require(): void;
  /** Pushes an i32: how many instructions are left before this one retires. */
  pushRemaining(): void;
}

/** What a whole instruction needs that accesses a CSR. */
export interface CsrAccessContext extends CsrContext {
  /** The local variable that holds an integer register (not x0). */
  readX(register: number): number;
  writeX(register: number): number;
  /** Takes an i32: when it is not 0, leaves before the instruction for the interpreter. */
  leaveIf(): void;
}

const SD_SHIFT = 63;

/** Accesses a CSR in place; without the privilege for it, the reference semantics raise the exception. */
export function writeCsrAccess(context: CsrAccessContext, rd: number, { csr, change, source }: PlainCsrAccess): void {
  const { writer } = context;
  const stored = writeCsrLoad(context, csr);
  if (change !== 'none') {
    const next = context.temporary();
    if ('immediate' in source) writer.i64(source.immediate);
    else if (source.register === 0) writer.i64(0);
    else writer.get(context.readX(source.register));
    writeCsrChange(context, csr, stored, change);
    writer.set(next);
    if (csr.kind === 'status') {
      // What the region keeps of rights and of the float unit outlives no change of them: those are the interpreter's.
      pushHasConsequence(context, stored, next, LIGHT_STATUS & ~Mstatus.FS);
      context.leaveIf();
    }
    writeCsrStore(context, csr, next);
  }
  if (rd === 0) return;
  pushCsrValue(context, csr, stored);
  writer.set(context.writeX(rd));
}

/** Requires the right to access the CSR, and returns a local variable (i64) with what is stored. */
export function writeCsrLoad(context: CsrContext, csr: PlainCsr): number {
  const { writer, hart } = context;
  const stored = context.temporary();
  if (csr.kind === 'time') {
    requireOpen(context, OpenControl.time);
    pushTime(context);
    writer.set(stored);
    return stored;
  }
  if (csr.kind === 'rounding') {
    pushIsFloatDirty(writer, hart);
    context.require();
    writer.get(hart).memory(Op.i64Load32U, csr.offset).set(stored);
    return stored;
  }
  writer.get(hart).memory(Op.i32Load, HartOffset.privilege).i32(csr.privilege).op(Op.i32GeS);
  context.require();
  writer.get(hart).memory(Op.i64Load, csr.offset).set(stored);
  return stored;
}

/** Requires a bit of HartOffset.openControls. */
export function requireOpen(context: Pick<CsrContext, 'writer' | 'hart' | 'require'>, control: number): void {
  context.writer.get(context.hart).memory(Op.i32Load, HartOffset.openControls).i32(control).op(Op.i32And);
  context.require();
}

function pushTime(context: CsrContext): void {
  const { writer } = context;
  writer.i32(0).memory(Op.i64Load, CLOCK_TICKS);
  writer.i32(0).memory(Op.i32Load, CLOCK_PARTS);
  context.pushRemaining();
  writer.i32(0).memory(Op.i32Load, CLOCK_PARTS_EACH).op(Op.i32Mul).op(Op.i32Sub);
  writer.i32(PARTS_PER_TICK).op(Op.i32DivU).op(Op.i64ExtendI32U).op(Op.i64Add);
}

/** Pushes what the CSR reads as. */
export function pushCsrValue({ writer }: CsrContext, { kind, readMask }: PlainCsr, stored: number): void {
  writer.get(stored);
  if (kind !== 'status') return;
  writer.i64(readMask).op(Op.i64And);
  writer.i64(BigInt(UXL_HIGH) << 32n).op(Op.i64Or);
  writer.get(stored).i64(Mstatus.FS).op(Op.i64And).i64(Mstatus.FS).op(Op.i64Eq).op(Op.i64ExtendI32U);
  writer.i64(SD_SHIFT).op(Op.i64Shl).op(Op.i64Or);
}

/** Takes the operand from the stack and pushes what is to be stored. */
export function writeCsrChange(
  { writer }: CsrContext,
  { writeMask }: PlainCsr,
  stored: number,
  change: Exclude<CsrChange, 'none'>,
): void {
  switch (change) {
    case 'write':
      // stored ^ ((stored ^ operand) & writable)
      writer.get(stored).op(Op.i64Xor).i64(writeMask).op(Op.i64And).get(stored).op(Op.i64Xor);
      return;
    case 'set':
      writer.i64(writeMask).op(Op.i64And).get(stored).op(Op.i64Or);
      return;
    case 'clear':
      writer.i64(writeMask).op(Op.i64And).i64(-1).op(Op.i64Xor).get(stored).op(Op.i64And);
      return;
    default:
      change satisfies never;
  }
}

/**
 * Pushes whether a write of sstatus has consequences (CsrFile.writeStatus): it makes an interrupt due, or changes other bits than
 * these.
 */
export function pushHasConsequence({ writer, hart }: CsrContext, stored: number, next: number, bits: number): void {
  writer.get(stored).get(next).op(Op.i64Xor);
  writer.i64(~bits).op(Op.i64And);
  writer.get(stored).i64(-1).op(Op.i64Xor).get(next).op(Op.i64And);
  writer.get(hart).memory(Op.i64Load32U, HartOffset.statusGuard).op(Op.i64And);
  writer.op(Op.i64Or).i64(0).op(Op.i64Ne);
}

/** Where a write changes SUM, goes over to the other translations; requires that they are known. */
export function writeSumChange(context: CsrContext, stored: number, next: number): void {
  const { writer, hart } = context;
  const flipped = context.temporary(ValueType.i32);
  writer.get(stored).get(next).op(Op.i64Xor).i64(Mstatus.SUM).op(Op.i64And).i64(0).op(Op.i64Ne).open(Op.if);
  writer.get(hart).memory(Op.i32Load, HartOffset.flippedTranslations).tee(flipped);
  context.require();
  writer.get(hart).get(hart).memory(Op.i32Load, HartOffset.dataTranslations);
  writer.memory(Op.i32Store, HartOffset.flippedTranslations);
  writer.get(hart).get(flipped).memory(Op.i32Store, HartOffset.dataTranslations);
  writer.close();
}

/** Stores what is in a local variable. */
export function writeCsrStore({ writer, hart }: CsrContext, { offset }: PlainCsr, next: number): void {
  writer.get(hart).get(next).memory(Op.i64Store, offset);
}
