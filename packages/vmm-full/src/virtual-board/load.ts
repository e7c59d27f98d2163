import {
  ElfError,
  isElf,
  LinuxImageError,
  type LinuxImageHeader,
  loadSegments,
  readElfHeader,
  readLinuxImageHeader,
  readProgramHeaders,
} from '@worldswitch/contracts';
import { VmmError } from '../vmm-error.ts';
import type { GuestRam } from './guest-ram.ts';
import { KERNEL_OFFSET } from './memory-map.ts';

/** Where a kernel was put and begins: guest-physical addresses. */
export interface LoadedKernel {
  readonly entry: number;
  /** First byte after it, zeroed data included. */
  readonly end: number;
}

/**
 * Puts a kernel into guest RAM: an ELF file at its physical addresses, a Linux RISC-V Image at its text offset, anything else
 * 2 MiB into RAM. The RAM is zero before.
 * @throws VmmError for a file that is truncated, is for another machine, or does not fit.
 */
export function loadKernel(ram: GuestRam, file: Uint8Array): LoadedKernel {
  if (isElf(file)) return loadElf(ram, file);
  if (file.length < 4) throw new VmmError(`the guest kernel is truncated: it has ${file.length} bytes`);
  const header = readHeader(file);
  const start = ram.base + (header?.textOffset ?? KERNEL_OFFSET);
  const size = header?.memoryBytes ?? file.length;
  requireRam(ram, start, size);
  ram.write(start, file);
  return { entry: start, end: start + size };
}

function readHeader(file: Uint8Array): LinuxImageHeader | undefined {
  try {
    return readLinuxImageHeader(file);
  } catch (error) {
    throw error instanceof LinuxImageError
      ? new VmmError(`the guest kernel cannot be loaded: ${error.message}`)
      : error;
  }
}

function loadElf(ram: GuestRam, file: Uint8Array): LoadedKernel {
  const { entry: virtualEntry, segments } = readElf(file);
  let entry = Number(virtualEntry);
  let end = 0;
  for (const { physicalAddress, virtualAddress, memoryBytes, data } of segments) {
    const address = Number(physicalAddress);
    requireRam(ram, address, memoryBytes);
    ram.write(address, data);
    end = Math.max(end, address + memoryBytes);
    // Nothing is translated yet: an entry point given as a virtual address means the physical one.
    if (virtualEntry >= virtualAddress && virtualEntry < virtualAddress + BigInt(memoryBytes))
      entry = address + Number(virtualEntry - virtualAddress);
  }
  requireRam(ram, entry, 2);
  return { entry, end };
}

function readElf(file: Uint8Array) {
  const refusal = (what: string) => new VmmError(`the guest kernel is no RISC-V ELF file that can be loaded: ${what}`);
  try {
    const header = readElfHeader(file);
    const segments = loadSegments(file, readProgramHeaders(file, header));
    if (segments.length === 0) throw refusal('nothing to load: it has no PT_LOAD segment');
    return { entry: header.entry, segments };
  } catch (error) {
    throw error instanceof ElfError ? refusal(error.message) : error;
  }
}

function requireRam(ram: GuestRam, start: number, size: number): void {
  if (ram.contains(start, size)) return;
  throw new VmmError(
    `the guest kernel needs 0x${start.toString(16)} to 0x${(start + size).toString(16)}, and its memory is ` +
      `0x${ram.base.toString(16)} to 0x${(ram.base + ram.size).toString(16)}`,
  );
}

/** Places something page-aligned as high as it fits below `limit`. @throws VmmError when it would overlap the kernel. */
export function placeBelow(ram: GuestRam, data: Uint8Array, limit: number, kernelEnd: number, what: string): number {
  const start = Math.floor((limit - data.length) / 4096) * 4096;
  if (start < kernelEnd)
    throw new VmmError(`the ${what} of ${data.length} bytes does not fit into the guest's memory above its kernel`);
  ram.write(start, data);
  return start;
}
