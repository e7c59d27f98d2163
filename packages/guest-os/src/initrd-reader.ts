import { GuestOsError } from './guest-os-error.ts';

/** One entry of a RAM file system as it stands in the archive. */
export interface InitrdEntry {
  /** Path without a leading `/`. */
  readonly name: string;
  /** File type and permission bits (inode(7)). */
  readonly mode: number;
  readonly data: Uint8Array;
}

const HEADER_BYTES = 110;
const MODE_FIELD = 1;
const FILE_SIZE_FIELD = 6;
const NAME_SIZE_FIELD = 11;

/**
 * The entries of a cpio archive in "newc" form (Linux Documentation/driver-api/early-userspace/buffer-format.rst), each with a
 * copy of its bytes.
 * @throws GuestOsError for what is no such archive, or one that ends too early.
 */
export function readInitrd(archive: Uint8Array): InitrdEntry[] {
  const text = (from: number, to: number) => new TextDecoder().decode(archive.subarray(from, to));
  const entries: InitrdEntry[] = [];
  for (let at = 0; ; ) {
    if (text(at, at + 6) !== '070701') throw new GuestOsError(`expected an initrd entry (070701) at offset ${at}`);
    const field = (index: number) => Number.parseInt(text(at + 6 + index * 8, at + 14 + index * 8), 16);
    const size = field(FILE_SIZE_FIELD);
    const nameSize = field(NAME_SIZE_FIELD);
    const dataStart = Math.ceil((at + HEADER_BYTES + nameSize) / 4) * 4;
    // Not a number, where the digits are none, is not within the archive either.
    if (!(dataStart + size <= archive.length)) throw new GuestOsError(`the initrd entry at offset ${at} is cut off`);
    const name = text(at + HEADER_BYTES, at + HEADER_BYTES + nameSize - 1);
    if (name === 'TRAILER!!!') return entries;
    entries.push({ name, mode: field(MODE_FIELD), data: archive.slice(dataStart, dataStart + size) });
    at = Math.ceil((dataStart + size) / 4) * 4;
  }
}
