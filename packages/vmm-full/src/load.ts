import type { GuestRam } from './guest-ram.ts';
import { KERNEL_OFFSET } from './memory-map.ts';
import { VmmError } from './vmm-error.ts';

/** Where a kernel was put and begins: guest-physical addresses. */
export interface LoadedKernel {
  readonly entry: number;
  /** First byte after it, zeroed data included. */
  readonly end: number;
}

const ELF_MAGIC = 0x7f45_4c46;
const ELF_HEADER_SIZE = 64;
const ELF_PROGRAM_HEADER_SIZE = 56;
const MACHINE_RISCV = 243;
const PT_LOAD = 1;

/** Linux Documentation/arch/riscv/boot-image-header.rst: text_offset at 8, image_size at 16, "RSC\x05" at 56. */
const IMAGE_MAGIC = 0x0543_5352;
const IMAGE_HEADER_SIZE = 64;

/**
 * Puts a kernel into guest RAM: an ELF file at its physical addresses, a Linux RISC-V Image at its text offset, anything else
 * 2 MiB into RAM. The RAM is zero before.
 * @throws VmmError for a file that is truncated, is for another machine, or does not fit.
 */
export function loadKernel(ram: GuestRam, file: Uint8Array): LoadedKernel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length >= 4 && view.getUint32(0) === ELF_MAGIC) return loadElf(ram, file, view);
  if (file.length < 4) throw new VmmError(`the guest kernel is truncated: it has ${file.length} bytes`);
  const hasHeader = file.length >= IMAGE_HEADER_SIZE && view.getUint32(56, true) === IMAGE_MAGIC;
  const start = ram.base + (hasHeader ? Number(view.getBigUint64(8, true)) : KERNEL_OFFSET);
  const size = Math.max(file.length, hasHeader ? Number(view.getBigUint64(16, true)) : 0);
  requireRam(ram, start, size);
  ram.write(start, file);
  return { entry: start, end: start + size };
}

/** ELF-64 Object File Format 1.5: header, program headers. */
function loadElf(ram: GuestRam, file: Uint8Array, view: DataView): LoadedKernel {
  const fail = (what: string): never => {
    throw new VmmError(`the guest kernel is no RISC-V ELF file: ${what}`);
  };
  if (file.length < ELF_HEADER_SIZE) fail(`truncated after ${file.length} bytes`);
  if (view.getUint8(4) !== 2 || view.getUint8(5) !== 1) fail('not 64-bit little-endian');
  if (view.getUint16(18, true) !== MACHINE_RISCV) fail(`for machine ${view.getUint16(18, true)}, not 243`);
  const headers = Number(view.getBigUint64(32, true));
  const headerSize = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count === 0 || headerSize < ELF_PROGRAM_HEADER_SIZE || headers + count * headerSize > file.length)
    fail('truncated or empty program headers');
  const virtualEntry = view.getBigUint64(24, true);
  let entry = Number(virtualEntry);
  let end = 0;
  for (let index = 0; index < count; index++) {
    const at = headers + index * headerSize;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const virtualAddress = view.getBigUint64(at + 16, true);
    const address = Number(view.getBigUint64(at + 24, true));
    const fileBytes = Number(view.getBigUint64(at + 32, true));
    const memoryBytes = Number(view.getBigUint64(at + 40, true));
    if (offset + fileBytes > file.length || memoryBytes < fileBytes) fail(`segment ${index} is truncated`);
    if (memoryBytes === 0) continue;
    requireRam(ram, address, memoryBytes);
    ram.write(address, file.subarray(offset, offset + fileBytes));
    end = Math.max(end, address + memoryBytes);
    // Nothing is translated yet: an entry point given as a virtual address means the physical one.
    if (virtualEntry >= virtualAddress && virtualEntry < virtualAddress + BigInt(memoryBytes))
      entry = address + Number(virtualEntry - virtualAddress);
  }
  if (end === 0) fail('nothing to load');
  requireRam(ram, entry, 2);
  return { entry, end };
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
