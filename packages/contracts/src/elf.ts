/**
 * The headers of ELF files for 64-bit little-endian RISC-V. Sources: System V ABI, gABI 4.1, chapters 4 "Object Files" and 5
 * "Program Loading"; RISC-V ELF psABI 1.0, section 8.1 "File Header" (EM_RISCV).
 *
 * Each function reads no more than it is asked for, so that a file whose section headers are damaged still runs. What may be
 * loaded, and where to, is for those to decide who load it.
 */

/**
 * What is wrong with a file: it is of another `kind` (no ELF file, or for something else), it is `truncated` (a header names bytes
 * beyond its end), or its headers are `inconsistent` (no file can have what they say).
 */
export type ElfFault = 'kind' | 'truncated' | 'inconsistent';

/** A file is not what it should be: `message` says what was expected, and where. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly fault: ElfFault;

  constructor(fault: ElfFault, message: string) {
    super(fault === 'truncated' ? `truncated: ${message}` : message);
    this.fault = fault;
  }
}

/** Where a table of headers lies: byte offset in the file, bytes from one header to the next, number of headers. */
export interface ElfTable {
  readonly offset: number;
  readonly entryBytes: number;
  readonly count: number;
}

export interface ElfHeader {
  /** e_type: one of `ElfType`, or another. */
  readonly type: number;
  /** e_entry, a virtual address. */
  readonly entry: bigint;
  /** As the file says: only `readProgramHeaders` and `readSectionHeaders` look whether the tables are inside of it. */
  readonly programHeaders: ElfTable;
  readonly sectionHeaders: ElfTable;
}

/** e_type, as far as it is looked at: what can be run, and what is not linked yet. */
export const ElfType = { object: 1, executable: 2, positionIndependent: 3 } as const;
/** p_type, as far as loaders look at it. */
export const SegmentType = { load: 1, interpreter: 3 } as const;
/** sh_type, as far as it is looked at. */
export const SectionType = { program: 1, symbols: 2 } as const;
/** Bits of sh_flags. */
export const SectionFlag = { execute: 4n } as const;
/** Bits of p_flags. */
export const SegmentFlag = { execute: 1, write: 2, read: 4 } as const;

/** One program header. File offsets and sizes are bytes. */
export interface ElfProgramHeader {
  readonly index: number;
  /** p_type: one of `SegmentType`, or another. */
  readonly type: number;
  /** p_flags: bits of `SegmentFlag`. */
  readonly flags: number;
  readonly fileOffset: number;
  readonly virtualAddress: bigint;
  readonly physicalAddress: bigint;
  readonly fileBytes: number;
  /** Bytes in memory: what is beyond those of the file is zero. */
  readonly memoryBytes: number;
}

/** A segment to be loaded: `data` is the part of the file that it begins with, a view and no copy. */
export interface ElfSegment extends ElfProgramHeader {
  readonly data: Uint8Array;
}

/** One section header. `sectionData` gives its bytes. */
export interface ElfSectionHeader {
  readonly index: number;
  /** sh_type: one of `SectionType`, or another. */
  readonly type: number;
  /** sh_flags: bits of `SectionFlag`. */
  readonly flags: bigint;
  /** sh_addr: where it is in memory, 0 for what is not. */
  readonly address: bigint;
  readonly fileOffset: number;
  readonly bytes: number;
  /** sh_link: index of another section, by type. */
  readonly link: number;
}

const MAGIC = 0x7f45_4c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE_RISCV = 243;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
/** e_phnum of a file of more program headers than fit there (PN_XNUM). */
const NUMBER_ELSEWHERE = 0xffff;

/** Names for messages: e_machine of what a file is built for by mistake. */
const machineNames: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  40: 'Arm',
  62: 'x86-64',
  183: 'AArch64',
};

const hex = (value: number | bigint) => `0x${value.toString(16)}`;

const viewOf = (file: Uint8Array) => new DataView(file.buffer, file.byteOffset, file.byteLength);

/** Whether a file begins as all ELF files do, whatever they are for. */
export function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && viewOf(file).getUint32(0) === MAGIC;
}

/**
 * Reads the header that an ELF file begins with.
 * @throws {ElfError} for what is no ELF file, not 64-bit, not little-endian or not for RISC-V, and for a file that ends in its header.
 */
export function readElfHeader(file: Uint8Array): ElfHeader {
  if (!isElf(file)) throw new ElfError('kind', `no ELF file: expected 7f 45 4c 46 at offset 0, ${beginningOf(file)}`);
  if (file.length < HEADER_BYTES) {
    throw new ElfError('truncated', `${file.length} bytes, the ELF header is cut off: it takes ${HEADER_BYTES}`);
  }
  const view = viewOf(file);
  const fileClass = view.getUint8(4);
  if (fileClass !== CLASS_64) {
    throw new ElfError('kind', `expected a 64-bit file (class 2 at offset 4), found class ${fileClass}`);
  }
  const encoding = view.getUint8(5);
  if (encoding !== LITTLE_ENDIAN)
    throw new ElfError('kind', `expected little endian (1 at offset 5), found ${encoding}`);
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_RISCV) {
    const name = machineNames[machine];
    throw new ElfError(
      'kind',
      `expected machine RISC-V (243 at offset 18), found ${machine}${name === undefined ? '' : ` (${name})`}`,
    );
  }
  return {
    type: view.getUint16(16, true),
    entry: view.getBigUint64(24, true),
    programHeaders: tableAt(view, 32, 54),
    sectionHeaders: tableAt(view, 40, 58),
  };
}

/**
 * All program headers of a file, in its order; none when it has none. `loadSegments` checks what they name.
 * @throws {ElfError} for headers beyond the end of the file or of a wrong size.
 */
export function readProgramHeaders(file: Uint8Array, header: ElfHeader): readonly ElfProgramHeader[] {
  const table = header.programHeaders;
  if (table.count === NUMBER_ELSEWHERE)
    throw new ElfError('inconsistent', '65,535 or more program headers (at offset 56) are not read');
  const view = viewOf(file);
  requireTable(view, table, { name: 'program headers', offsetAt: 32, sizeAt: 54, entryBytes: PROGRAM_HEADER_BYTES });
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * table.entryBytes;
    return {
      index,
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      fileOffset: wordAt(view, at + 8),
      virtualAddress: view.getBigUint64(at + 16, true),
      physicalAddress: view.getBigUint64(at + 24, true),
      fileBytes: wordAt(view, at + 32),
      memoryBytes: wordAt(view, at + 40),
    };
  });
}

/**
 * What is to be loaded (PT_LOAD) and takes memory, with its bytes.
 * @throws {ElfError} for a segment beyond the end of the file, or larger in the file than in memory.
 */
export function loadSegments(file: Uint8Array, headers: readonly ElfProgramHeader[]): readonly ElfSegment[] {
  return headers
    .filter(({ type, memoryBytes, fileBytes }) => type === SegmentType.load && memoryBytes + fileBytes > 0)
    .map((header) => {
      const { index, fileOffset, fileBytes, memoryBytes } = header;
      if (memoryBytes < fileBytes)
        throw new ElfError('inconsistent', `segment ${index} is larger in the file than in memory`);
      return { ...header, data: partOf(file, `segment ${index}`, fileOffset, fileBytes) };
    });
}

/**
 * All section headers of a file, in its order; none when they were stripped.
 * @throws {ElfError} for headers beyond the end of the file or of a wrong size.
 */
export function readSectionHeaders(file: Uint8Array, header: ElfHeader): readonly ElfSectionHeader[] {
  const table = header.sectionHeaders;
  // A file of more sections than fit in e_shnum says 0 there, and still where they are.
  if (table.count === 0 && table.offset !== 0)
    throw new ElfError('inconsistent', '65,280 or more sections (at offset 60) are not read');
  const view = viewOf(file);
  requireTable(view, table, { name: 'section headers', offsetAt: 40, sizeAt: 58, entryBytes: SECTION_HEADER_BYTES });
  return Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * table.entryBytes;
    return {
      index,
      type: view.getUint32(at + 4, true),
      flags: view.getBigUint64(at + 8, true),
      address: view.getBigUint64(at + 16, true),
      fileOffset: wordAt(view, at + 24),
      bytes: wordAt(view, at + 32),
      link: view.getUint32(at + 40, true),
    };
  });
}

/**
 * The bytes of a section, a view and no copy. Not for sections that take no place in the file (SHT_NOBITS).
 * @throws {ElfError} when they lie beyond the end of the file.
 */
export function sectionData(file: Uint8Array, section: ElfSectionHeader): Uint8Array {
  return partOf(file, `section ${section.index}`, section.fileOffset, section.bytes);
}

function beginningOf(file: Uint8Array): string {
  if (file.length < 4) return `it has ${file.length} bytes`;
  return `found ${Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

/** An offset or a size: no file and no address space is as large as 2^53. */
function wordAt(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new ElfError(
      'inconsistent',
      `expected an offset or size at offset ${hex(at)}, found ${hex(value)}: it is beyond any address`,
    );
  }
  return Number(value);
}

function tableAt(view: DataView, offsetAt: number, sizeAt: number): ElfTable {
  return {
    offset: Number(view.getBigUint64(offsetAt, true)),
    entryBytes: view.getUint16(sizeAt, true),
    count: view.getUint16(sizeAt + 2, true),
  };
}

function requireTable(
  view: DataView,
  { entryBytes, count }: ElfTable,
  expected: { readonly name: string; readonly offsetAt: number; readonly sizeAt: number; readonly entryBytes: number },
): void {
  if (count === 0) return;
  if (entryBytes < expected.entryBytes) {
    throw new ElfError(
      'inconsistent',
      `expected ${expected.name} of ${expected.entryBytes} bytes (at offset ${expected.sizeAt}), found ${entryBytes}`,
    );
  }
  const offset = wordAt(view, expected.offsetAt);
  const end = offset + count * entryBytes;
  if (end > view.byteLength) {
    throw new ElfError(
      'truncated',
      `${count} ${expected.name} are cut off: they take bytes ${hex(offset)} to ${hex(end)}, the file has ${hex(view.byteLength)}`,
    );
  }
}

function partOf(file: Uint8Array, what: string, offset: number, bytes: number): Uint8Array {
  const end = offset + bytes;
  if (end > file.length) {
    throw new ElfError(
      'truncated',
      `${what} needs bytes ${hex(offset)} to ${hex(end)}, the file has ${hex(file.length)}`,
    );
  }
  return file.subarray(offset, end);
}
