import { type DebugHart, translate } from './debug-hart.ts';

/** `virtual`: by the hart's current translation. */
export type AddressKind = 'virtual' | 'physical';

const PAGE = 4096n;

/** The pieces of RAM behind a range of addresses, up to the first byte that has none. */
function* pieces(hart: DebugHart, kind: AddressKind, address: bigint, length: number): Generator<Uint8Array> {
  const { ram } = hart.hart;
  let at = address;
  for (let left = length; left > 0; ) {
    const inPage = Math.min(left, Number(PAGE - (at & (PAGE - 1n))));
    const physical = kind === 'physical' ? at : translate(hart, at)?.physical;
    if (physical === undefined || physical >= 2n ** 52n || !ram.contains(Number(physical), inPage)) return;
    yield ram.slice(Number(physical), inPage);
    left -= inPage;
    at = BigInt.asUintN(64, at + BigInt(inPage));
  }
}

/**
 * Bytes of RAM: as many as can be read from there on, maybe none. Devices are not read: that would change them. Needs no right,
 * and leaves no trace in the machine.
 */
export function readMemory(hart: DebugHart, kind: AddressKind, address: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (const piece of pieces(hart, kind, address, length)) {
    bytes.set(piece, done);
    done += piece.length;
  }
  return bytes.subarray(0, done);
}

/** Writes all of it, whatever rights the pages have, or nothing: then false. */
export function writeMemory(hart: DebugHart, kind: AddressKind, address: bigint, data: Uint8Array): boolean {
  const { ram } = hart.hart;
  const places = [...pieces(hart, kind, address, data.length)];
  if (places.reduce((sum, piece) => sum + piece.length, 0) < data.length) return false;
  let done = 0;
  for (const place of places) {
    const physical = ram.base + (place.byteOffset - ram.bytes.byteOffset);
    ram.write(physical, data.subarray(done, done + place.length));
    done += place.length;
  }
  return true;
}
