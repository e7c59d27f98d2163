import { HostOsError } from './host-os-error.ts';

/** A piece of a program in memory: PT_LOAD of its file (System V gABI, "Program Header"). */
export interface LoadSegment {
  /** Virtual address of its first byte. */
  readonly address: number;
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
}

export interface LoadableElf {
  readonly entry: number;
  readonly segments: readonly LoadSegment[];
  /** Address, entry size and number of the program headers in memory, for the auxiliary vector; address 0 if not mapped. */
  readonly headers: { readonly address: number; readonly size: number; readonly count: number };
}

const ELF_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const EM_RISCV = 243;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_INTERP = 3;
const MAX_HEADERS = 256;
/** Where a static position-independent program goes. */
const PIE_BASE = 0x10_0000_0000;

const machines: Readonly<Record<number, string>> = { 3: 'x86', 40: 'Arm', 62: 'x86-64', 183: 'AArch64', 243: 'RISC-V' };

/**
 * Reads a static RV64 Linux program.
 * @param userEnd first address that no segment may reach.
 * @throws HostOsError ENOEXEC that says what is wrong with the file.
 */
export function parseElf(image: Uint8Array, userEnd: number): LoadableElf {
  const fail = (what: string): never => {
    throw new HostOsError('ENOEXEC', `not a program that can run here: ${what}`);
  };
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const hasMagic = image.length >= 4 && view.getUint32(0) === 0x7f45_4c46;
  if (!hasMagic) fail(image.length < 4 ? `it has ${image.length} bytes` : 'it is no ELF file');
  if (image.length < ELF_HEADER_SIZE) fail('the ELF header is cut off');
  if (image[4] !== 2) fail('it is not a 64-bit ELF file');
  if (image[5] !== 1) fail('it is not a little-endian ELF file');
  const type = view.getUint16(16, true);
  const machine = view.getUint16(18, true);
  if (machine !== EM_RISCV) fail(`it is for ${machines[machine] ?? `machine ${machine}`}, not for RISC-V`);
  if (type !== ET_EXEC && type !== ET_DYN) fail('it is an object file or a core dump, not an executable');

  const word = (at: number): number => {
    const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    return value <= Number.MAX_SAFE_INTEGER ? value : fail('a field of it is beyond any address');
  };
  const base = type === ET_DYN ? PIE_BASE : 0;
  const headersOffset = word(32);
  const headerSize = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count === 0) fail('it has no program headers');
  if (count > MAX_HEADERS || headerSize !== PROGRAM_HEADER_SIZE) fail('its program headers are malformed');
  if (headersOffset + count * headerSize > image.length) fail('its program headers are cut off');

  const segments: LoadSegment[] = [];
  let headersAddress = 0;
  for (let index = 0; index < count; index++) {
    const at = headersOffset + index * headerSize;
    const kind = view.getUint32(at, true);
    if (kind === PT_INTERP) fail('it is linked dynamically and needs a loader; link it with -static');
    if (kind !== PT_LOAD) continue;
    const segment = {
      flags: view.getUint32(at + 4, true),
      fileOffset: word(at + 8),
      address: base + word(at + 16),
      fileSize: word(at + 32),
      memorySize: word(at + 40),
    };
    if (segment.memorySize === 0) continue;
    if (segment.fileSize > segment.memorySize) fail(`segment ${index} has more bytes in the file than in memory`);
    if (segment.fileOffset + segment.fileSize > image.length) {
      fail(
        `it is truncated: segment ${index} ends at byte ${segment.fileOffset + segment.fileSize} of ${image.length} there are`,
      );
    }
    if (segment.address + segment.memorySize > userEnd) fail(`segment ${index} is outside of the user address space`);
    if (segment.address % 4096 !== segment.fileOffset % 4096)
      fail(`segment ${index} is not aligned to pages in the file`);
    const inSegment = headersOffset - segment.fileOffset;
    if (inSegment >= 0 && inSegment + count * headerSize <= segment.fileSize)
      headersAddress = segment.address + inSegment;
    segments.push(segment);
  }
  if (segments.length === 0) fail('it has no segments to load');
  const entry = base + word(24);
  if (!segments.some(({ address, memorySize }) => entry >= address && entry < address + memorySize)) {
    fail(`its entry point 0x${entry.toString(16)} is in none of its segments`);
  }
  return { entry, segments, headers: { address: headersAddress, size: headerSize, count } };
}
