import {
  isElf,
  LinuxImageError,
  type LinuxImageHeader,
  type PhysicalMemory,
  readLinuxImageHeader,
} from '@worldswitch/contracts';
import { LoadError } from '../errors.ts';
import { parseElf } from './elf.ts';

/** Where a kernel went and where it begins. */
export interface LoadedImage {
  readonly entry: number;
  /** First byte after it, zero-initialised data included. */
  readonly end: number;
}

/** Where a raw image without a header goes above the start of RAM, as firmware does it. */
const DEFAULT_TEXT_OFFSET = 0x20_0000;

/**
 * Puts a kernel into RAM: an ELF file at its physical addresses, a Linux Image at its text offset, any other file as raw
 * code.
 * @param offset for raw code: bytes above the start of RAM, default 2 MiB.
 * @throws {LoadError} when it does not fit in RAM, is not RISC-V, or has a header that no such file has.
 */
export function loadImage(
  memory: PhysicalMemory,
  file: Uint8Array,
  name = 'the kernel',
  offset = DEFAULT_TEXT_OFFSET,
): LoadedImage {
  if (isElf(file)) return loadElf(memory, file, name);
  if (file.length < 4) throw new LoadError(`${name}: ${file.length} bytes are no kernel`);
  const header = readHeader(file, name);
  const start = memory.base + (header?.textOffset ?? offset);
  const size = header?.memoryBytes ?? file.length;
  requireRam(memory, start, size, name);
  memory.write(start, file);
  return { entry: start, end: start + size };
}

function readHeader(file: Uint8Array, name: string): LinuxImageHeader | undefined {
  try {
    return readLinuxImageHeader(file);
  } catch (error) {
    throw error instanceof LinuxImageError ? new LoadError(`${name}: ${error.message}`) : error;
  }
}

function loadElf(memory: PhysicalMemory, file: Uint8Array, name: string): LoadedImage {
  const image = parseElf(file, name);
  let end = 0;
  let entry = Number(image.entry);
  for (const { physicalAddress, virtualAddress, data, memoryBytes } of image.segments) {
    requireRam(memory, physicalAddress, memoryBytes, name);
    memory.write(physicalAddress, data);
    memory.fill(physicalAddress + data.length, memoryBytes - data.length, 0);
    end = Math.max(end, physicalAddress + memoryBytes);
    // An entry point given as a virtual address begins at the physical one: nothing is translated yet.
    if (image.entry >= virtualAddress && image.entry < virtualAddress + BigInt(memoryBytes)) {
      entry = physicalAddress + Number(image.entry - virtualAddress);
    }
  }
  if (!memory.contains(entry, 2))
    throw new LoadError(`${name}: its entry 0x${image.entry.toString(16)} is outside RAM`);
  return { entry, end };
}

function requireRam(memory: PhysicalMemory, start: number, size: number, name: string): void {
  if (memory.contains(start, size)) return;
  const end = memory.base + memory.size;
  if (start < memory.base) {
    throw new LoadError(
      `${name}: linked for 0x${start.toString(16)}, below RAM at 0x${memory.base.toString(16)}, as programs for an operating system are; link it for RAM`,
    );
  }
  throw new LoadError(
    `${name}: needs 0x${start.toString(16)} to 0x${(start + size).toString(16)}, RAM is 0x${memory.base.toString(16)} to 0x${end.toString(16)}; give the machine more memory or link the file for it`,
  );
}
