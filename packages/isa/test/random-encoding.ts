import { type EncodedRow, rowMatches } from '../src/encoding/decode.ts';

/** Random bits of a row: fixed bits as the row says, ignored bits 0, operands at random but within the row's conditions. */
export function randomEncoding(row: EncodedRow, random: () => number): number {
  const { mask, match, ignored, width } = row.layout;
  const all = width === 16 ? 0xffff : 0xffff_ffff;
  for (;;) {
    const bits = (((random() & ~mask & ~ignored & all) | match) & all) >>> 0;
    if (rowMatches(row, bits)) return bits;
  }
}
