import {
  ElfError,
  ElfType,
  loadSegments,
  readElfHeader,
  readProgramHeaders,
  SegmentType,
} from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';

/** A piece of a program in memory: PT_LOAD of its file (System V gABI, "Program Header"). */
export interface LoadSegment {
  /** Virtual address of its first byte. */
  readonly address: number;
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  /** Bits of `SegmentFlag`. */
  readonly flags: number;
}

export interface LoadableElf {
  readonly entry: number;
  readonly segments: readonly LoadSegment[];
  /** Address, entry size and number of the program headers in memory, for the auxiliary vector; address 0 if not mapped. */
  readonly headers: { readonly address: number; readonly size: number; readonly count: number };
}

/** Size of a program header as Linux wants it (fs/binfmt_elf.c, load_elf_phdrs). */
const PROGRAM_HEADER_SIZE = 56;
const MAX_HEADERS = 256;
/** Where a static position-independent program goes. */
const PIE_BASE = 0x10_0000_0000;

const refusal = (what: string) => new HostOsError('ENOEXEC', `not a program that can run here: ${what}`);

/**
 * Reads a static RV64 Linux program.
 * @param userEnd first address that no segment may reach.
 * @throws HostOsError ENOEXEC that says what is wrong with the file.
 */
export function parseElf(image: Uint8Array, userEnd: number): LoadableElf {
  try {
    return readProgram(image, userEnd);
  } catch (error) {
    throw error instanceof ElfError ? refusal(error.message) : error;
  }
}

function readProgram(image: Uint8Array, userEnd: number): LoadableElf {
  const header = readElfHeader(image);
  if (header.type !== ElfType.executable && header.type !== ElfType.positionIndependent) {
    throw refusal('it is an object file or a core dump, not an executable');
  }
  const { offset, entryBytes: size, count } = header.programHeaders;
  if (count === 0) throw refusal('it has no program headers');
  if (count > MAX_HEADERS || size !== PROGRAM_HEADER_SIZE) throw refusal('its program headers are malformed');
  const programHeaders = readProgramHeaders(image, header);
  if (programHeaders.some(({ type }) => type === SegmentType.interpreter)) {
    throw refusal('it is linked dynamically and needs a loader; link it with -static');
  }

  const base = header.type === ElfType.positionIndependent ? PIE_BASE : 0;
  let headersAddress = 0;
  const segments = loadSegments(image, programHeaders).map((segment): LoadSegment => {
    const { index, flags, fileOffset, fileBytes, memoryBytes } = segment;
    const address = base + Number(segment.virtualAddress);
    if (address + memoryBytes > userEnd) throw refusal(`segment ${index} is outside of the user address space`);
    if (address % 4096 !== fileOffset % 4096) throw refusal(`segment ${index} is not aligned to pages in the file`);
    const inSegment = offset - fileOffset;
    if (inSegment >= 0 && inSegment + count * size <= fileBytes) headersAddress = address + inSegment;
    return { address, memorySize: memoryBytes, fileOffset, fileSize: fileBytes, flags };
  });
  if (segments.length === 0) throw refusal('it has no segments to load');
  const entry = base + Number(header.entry);
  if (!segments.some(({ address, memorySize }) => entry >= address && entry < address + memorySize)) {
    throw refusal(`its entry point 0x${entry.toString(16)} is in none of its segments`);
  }
  return { entry, segments, headers: { address: headersAddress, size, count } };
}
