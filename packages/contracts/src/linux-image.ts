/**
 * The header of a Linux RISC-V Image, the form in which kernels are given to boot loaders. Source: Linux,
 * Documentation/arch/riscv/boot-image-header.rst (header version 0.2). All fields are little-endian:
 *
 * | offset | field         |                                                                  |
 * | ------ | ------------- | ---------------------------------------------------------------- |
 * | 0      | code0, code1  | instructions: the file is entered at its first byte              |
 * | 8      | text_offset   | where it goes, bytes above the start of RAM                      |
 * | 16     | image_size    | bytes that it takes in memory, zero-initialised data included    |
 * | 24     | flags         | bit 0: the kernel is big-endian                                  |
 * | 32     | version       | major version in the high half, minor in the low one             |
 * | 48     | magic         | deprecated                                                       |
 * | 56     | magic2        | "RSC\x05"                                                        |
 */

export interface LinuxImageHeader {
  /** Bytes above the start of RAM, where the file goes and is entered. */
  readonly textOffset: number;
  /** Bytes that the kernel takes from there: no less than the file has. */
  readonly memoryBytes: number;
}

/** A file begins as a Linux Image does and cannot be one: `message` says what was expected, and where. */
export class LinuxImageError extends Error {
  override readonly name = 'LinuxImageError';
}

const MAGIC = 0x0543_5352;
const MAGIC_OFFSET = 56;
const HEADER_BYTES = 64;

/**
 * Reads the header that a Linux Image begins with; undefined for a file that has none, which is something else. Whether the
 * kernel fits in memory is for those to decide who load it.
 * @throws {LinuxImageError} for an offset or a size that no address space has.
 */
export function readLinuxImageHeader(file: Uint8Array): LinuxImageHeader | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(MAGIC_OFFSET, true) !== MAGIC) return undefined;
  const textOffset = wordAt(view, 8, 'text_offset');
  const imageBytes = wordAt(view, 16, 'image_size');
  return { textOffset, memoryBytes: Math.max(imageBytes, file.length) };
}

function wordAt(view: DataView, offset: number, name: string): number {
  const value = view.getBigUint64(offset, true);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new LinuxImageError(
    `expected ${name} of a Linux Image at offset ${offset}, found 0x${value.toString(16)}: it is beyond any address`,
  );
}
