import type { AccessWidth } from '@worldswitch/isa';
import { Op } from './emit.ts';

/** WebAssembly's loads of an i64, by the bytes of memory that they read. */
export const loadOpcodes: Record<AccessWidth, { readonly signed: number; readonly unsigned: number }> = {
  1: { signed: Op.i64Load8S, unsigned: Op.i64Load8U },
  2: { signed: Op.i64Load16S, unsigned: Op.i64Load16U },
  4: { signed: Op.i64Load32S, unsigned: Op.i64Load32U },
  8: { signed: Op.i64Load, unsigned: Op.i64Load },
};

/** Its stores of an i64's low bytes. */
export const storeOpcodes: Record<AccessWidth, number> = {
  1: Op.i64Store8,
  2: Op.i64Store16,
  4: Op.i64Store32,
  8: Op.i64Store,
};
