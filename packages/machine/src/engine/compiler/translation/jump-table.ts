import { type FunctionWriter, Op } from '../emission/emit.ts';

/** The bits of an address that tell instructions of a page apart. */
const OFFSET_BITS = 0xffe;

/**
 * Goes to one of these offsets of the running page when the address in a local is one of them, through a `br_table` over a
 * hash of the offset; goes on behind otherwise.
 * @param pushAddress pushes the virtual address at an offset of the page. @param follow writes what is done at the n-th offset.
 */
export function writeJumpTable(
  writer: FunctionWriter,
  target: number,
  offsets: readonly number[],
  pushAddress: (offset: number) => void,
  follow: (index: number) => void,
): void {
  const elsewhere = writer.open(Op.block);
  const labels = offsets.map(() => writer.open(Op.block));
  if (offsets.length > 1) {
    const { multiplier, bits } = distinguish(offsets);
    const cases = new Array<number>((1 << bits) + 1).fill(elsewhere);
    for (const [index, offset] of offsets.entries()) cases[hash(offset, multiplier, bits)] = labels[index]!;
    writer.get(target).op(Op.i32WrapI64).i32(OFFSET_BITS).op(Op.i32And);
    writer
      .i32(multiplier)
      .op(Op.i32Mul)
      .i32(32 - bits)
      .op(Op.i32ShrU)
      .brTable(cases);
  }
  for (let index = offsets.length - 1; index >= 0; index--) {
    writer.close();
    writer.get(target);
    pushAddress(offsets[index]!);
    writer.op(Op.i64Ne).brIf(elsewhere);
    follow(index);
  }
  writer.close();
}

function hash(offset: number, multiplier: number, bits: number): number {
  return Math.imul(offset, multiplier) >>> (32 - bits);
}

/** A multiplier under which the offsets of a page hash to different numbers, of as few bits as a short search finds. */
function distinguish(offsets: readonly number[]): { readonly multiplier: number; readonly bits: number } {
  for (let bits = 32 - Math.clz32(offsets.length - 1); bits < 11; bits++) {
    let multiplier = 0x9e3779b1;
    for (let attempt = 0; attempt < 64; attempt++) {
      multiplier = (Math.imul(multiplier, 0x10dcd) + 0x6b43a9b5) | 1;
      if (new Set(offsets.map((offset) => hash(offset, multiplier, bits))).size === offsets.length) {
        return { multiplier, bits };
      }
    }
  }
  // The eleven bits that tell places in a page apart, as they are.
  return { multiplier: 1 << 20, bits: 11 };
}
