import { LoadError } from '../errors.ts';

/** A part of a file that goes into memory. */
export interface LoadSegment {
  readonly physicalAddress: number;
  readonly virtualAddress: bigint;
  readonly data: Uint8Array;
  /** Bytes in memory: what is beyond the data is zero. */
  readonly memoryBytes: number;
}

export interface ElfImage {
  readonly entry: bigint;
  readonly segments: readonly LoadSegment[];
}

const MAGIC = 0x7f45_4c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE_RISCV = 243;
const PT_LOAD = 1;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

export function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && new DataView(file.buffer, file.byteOffset, 4).getUint32(0) === MAGIC;
}

/**
 * Reads what is to be loaded from a 64-bit little-endian RISC-V ELF file (System V ABI, ELF-64 object file format 1.5).
 * @param name what error messages call the file.
 * @throws {LoadError} for a truncated file, or one of another kind.
 */
export function parseElf(file: Uint8Array, name = 'the ELF file'): ElfImage {
  const fail = (what: string): never => {
    throw new LoadError(`${name}: ${what}`);
  };
  if (file.length < HEADER_BYTES) fail(`truncated: ${file.length} bytes where the ELF header needs ${HEADER_BYTES}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (!isElf(file)) fail('not an ELF file: expected 7f 45 4c 46 at offset 0');
  if (view.getUint8(4) !== CLASS_64)
    fail(`expected a 64-bit file (class 2 at offset 4), found class ${view.getUint8(4)}`);
  if (view.getUint8(5) !== LITTLE_ENDIAN) fail(`expected little endian (1 at offset 5), found ${view.getUint8(5)}`);
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_RISCV)
    fail(`expected machine RISC-V (243 at offset 18), found ${machine}${machineName(machine)}`);
  const entry = view.getBigUint64(24, true);
  const tableOffset = Number(view.getBigUint64(32, true));
  const entryBytes = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count > 0 && entryBytes < PROGRAM_HEADER_BYTES)
    fail(`program headers of ${entryBytes} bytes at offset 54, expected 56`);
  if (tableOffset + count * entryBytes > file.length) {
    fail(`truncated: ${count} program headers at offset 0x${tableOffset.toString(16)} end after ${file.length} bytes`);
  }
  const segments: LoadSegment[] = [];
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entryBytes;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const fileBytes = Number(view.getBigUint64(at + 32, true));
    const memoryBytes = Number(view.getBigUint64(at + 40, true));
    if (offset + fileBytes > file.length) {
      fail(
        `truncated: segment ${index} needs bytes 0x${offset.toString(16)} to 0x${(offset + fileBytes).toString(16)}, the file has 0x${file.length.toString(16)}`,
      );
    }
    if (memoryBytes < fileBytes) fail(`segment ${index} is larger in the file than in memory`);
    if (memoryBytes === 0) continue;
    segments.push({
      physicalAddress: Number(view.getBigUint64(at + 24, true)),
      virtualAddress: view.getBigUint64(at + 16, true),
      data: file.subarray(offset, offset + fileBytes),
      memoryBytes,
    });
  }
  if (segments.length === 0) fail('nothing to load: it has no PT_LOAD segment');
  return { entry, segments };
}

function machineName(machine: number): string {
  const names: Readonly<Record<number, string>> = {
    3: ' (x86)',
    40: ' (Arm)',
    62: ' (x86-64)',
    183: ' (AArch64)',
    8: ' (MIPS)',
  };
  return names[machine] ?? '';
}
