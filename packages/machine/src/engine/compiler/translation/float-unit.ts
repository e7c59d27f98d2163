import { CsrSlot, Mstatus } from '../../../hart/hart-context.ts';
import { HartOffset } from '../../../hart/hart-state.ts';
import type { Region } from '../discovery/discover.ts';
import { type RowShape, shapeOf } from '../discovery/row-shape.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';

/** NX in fflags. */
const INEXACT = 1;

/** What an instruction needs of the floating-point unit: 0 nothing, 1 that it is on and dirty, 2 that it is plain besides. */
export function floatNeeds({ floats, isRounding }: RowShape): number {
  return floats === undefined ? 0 : isRounding ? 2 : 1;
}

/** Pushes an i32: 1 where the floating-point unit is on and dirty. @param hart local variable with the hart context's base. */
export function pushIsFloatDirty(writer: FunctionWriter, hart: number): void {
  writer.get(hart).memory(Op.i32Load, HartOffset.csr + 8 * CsrSlot.mstatus);
  // In a guest, FS of the hypervisor's sstatus must be dirty too.
  writer.get(hart).memory(Op.i32Load, HartOffset.withheldStatus).i32(-1).op(Op.i32Xor).op(Op.i32And);
  writer.i32(Mstatus.FS).op(Op.i32And).i32(Mstatus.FS).op(Op.i32Eq);
}

/** What a region knows of the floating-point unit, which changes nowhere in it but where it calls. */
export class FloatUnit {
  readonly #writer: FunctionWriter;
  readonly #isUsed: boolean;
  /** i32: it is on and dirty; besides, it rounds to nearest even and the inexact flag is set. */
  readonly #isOn: number;
  readonly #isPlain: number;

  constructor(writer: FunctionWriter, { blocks }: Region) {
    this.#writer = writer;
    this.#isUsed = blocks.some(({ instructions }) =>
      instructions.some(({ decoded }) => shapeOf(decoded.instruction).floats),
    );
    this.#isOn = writer.local(ValueType.i32);
    this.#isPlain = writer.local(ValueType.i32);
  }

  /** Looks at it. @param hart local variable with the hart context's base. */
  look(hart: number): void {
    if (!this.#isUsed) return;
    const writer = this.#writer;
    pushIsFloatDirty(writer, hart);
    writer.tee(this.#isOn);
    writer.get(hart).memory(Op.i32Load, HartOffset.fflags).i32(INEXACT).op(Op.i32And).op(Op.i32And);
    writer.get(hart).memory(Op.i32Load, HartOffset.frm).op(Op.i32Eqz).op(Op.i32And).set(this.#isPlain);
  }

  /** Pushes an i32 that is 0 unless it is as `floatNeeds` says, 1 or 2. */
  pushIs(needed: number): void {
    this.#writer.get(needed === 2 ? this.#isPlain : this.#isOn);
  }
}
