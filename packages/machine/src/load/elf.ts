import { ElfError, loadSegments, readElfHeader, readProgramHeaders } from '@worldswitch/contracts';
import { LoadError } from '../errors.ts';

/** A part of a file that goes into memory. */
export interface LoadSegment {
  readonly physicalAddress: number;
  readonly virtualAddress: bigint;
  readonly data: Uint8Array;
  /** Bytes in memory: what is beyond the data is zero. */
  readonly memoryBytes: number;
}

/** What of an ELF file goes into memory, and where it begins. */
export interface ElfImage {
  readonly entry: bigint;
  readonly segments: readonly LoadSegment[];
}

/**
 * Reads what is to be loaded from a 64-bit little-endian RISC-V ELF file.
 * @param name what error messages call the file.
 * @throws {LoadError} for a truncated file, or one of another kind, and for one with nothing to load.
 */
export function parseElf(file: Uint8Array, name = 'the ELF file'): ElfImage {
  try {
    const header = readElfHeader(file);
    const segments = loadSegments(file, readProgramHeaders(file, header));
    if (segments.length === 0) throw new LoadError(`${name}: nothing to load: it has no PT_LOAD segment`);
    return {
      entry: header.entry,
      segments: segments.map(({ physicalAddress, virtualAddress, data, memoryBytes }) => {
        return { physicalAddress: Number(physicalAddress), virtualAddress, data, memoryBytes };
      }),
    };
  } catch (error) {
    throw error instanceof ElfError ? new LoadError(`${name}: ${error.message}`) : error;
  }
}
