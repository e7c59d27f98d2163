import { ElfError, isElf, loadSegments, readElfHeader, readProgramHeaders, SegmentFlag } from '@worldswitch/contracts';
import { VmmParaError } from '../para-error.ts';

/** First 8 bytes of a paravirtual kernel's image: they say that it knows this interface, and its version. */
export const KERNEL_MAGIC = 'WSPARAK1';

export interface KernelSegment {
  /** Virtual address, in bytes from the address of the domain's first frame. */
  readonly offset: number;
  readonly memorySize: number;
  readonly data: Uint8Array;
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
}

export interface KernelImage {
  /** Virtual address at which the kernel wants the domain's first frame; a multiple of 2 MiB. */
  readonly virtualBase: bigint;
  readonly entry: bigint;
  readonly segments: readonly KernelSegment[];
}

/** The header that an image begins with, all u64 after the magic. */
const HEADER_BYTES = 48;

interface Header {
  readonly virtualBase: bigint;
  readonly entry: bigint;
  /** Virtual addresses: of this header, of the first writable byte, of the first byte after bss. */
  readonly start: bigint;
  readonly writableStart: bigint;
  readonly end: bigint;
}

function readHeader(image: Uint8Array | undefined): Header {
  if (
    image === undefined ||
    image.length < HEADER_BYTES ||
    new TextDecoder('latin1').decode(image.subarray(0, 8)) !== KERNEL_MAGIC
  ) {
    throw new VmmParaError(`the guest kernel does not begin with ${KERNEL_MAGIC}: it is not the paravirtual build`);
  }
  const view = new DataView(image.buffer, image.byteOffset, HEADER_BYTES);
  const virtualBase = view.getBigUint64(8, true);
  if (virtualBase % 0x20_0000n !== 0n)
    throw new VmmParaError('the guest kernel wants its memory at no multiple of 2 MiB');
  return {
    virtualBase,
    entry: view.getBigUint64(16, true),
    start: view.getBigUint64(24, true),
    writableStart: view.getBigUint64(32, true),
    end: view.getBigUint64(40, true),
  };
}

/**
 * Reads a paravirtual kernel: a static RV64 ELF file whose first loadable segment begins with the header, or a raw image that
 * does. The header: 8 bytes KERNEL_MAGIC; u64 virtual base, entry, start, start of the writable part, end.
 * @throws VmmParaError when it is no such file.
 */
export function readKernelImage(file: Uint8Array): KernelImage {
  return isElf(file) ? readElf(file) : readRaw(file);
}

function readRaw(file: Uint8Array): KernelImage {
  const { virtualBase, entry, start, writableStart, end } = readHeader(file);
  const codeSize = Number(writableStart - start);
  const size = Number(end - start);
  if (start < virtualBase || codeSize < HEADER_BYTES || size < codeSize || size > 0x4000_0000) {
    throw new VmmParaError('the header of the guest kernel makes no sense');
  }
  if (file.length < codeSize) throw truncated(`its code takes ${codeSize} bytes, the file has ${file.length}`);
  const offset = Number(start - virtualBase);
  const code = { offset, memorySize: codeSize, data: file.subarray(0, codeSize) };
  const data = { offset: offset + codeSize, memorySize: size - codeSize, data: file.subarray(codeSize, size) };
  return {
    virtualBase,
    entry,
    segments: [
      { ...code, isWritable: false, isExecutable: true },
      { ...data, isWritable: true, isExecutable: false },
    ],
  };
}

function readElf(file: Uint8Array): KernelImage {
  const loads = loadsOf(file);
  const { virtualBase, entry } = readHeader(loads[0]?.data);
  const segments = loads.map(({ virtualAddress, memoryBytes, data, flags }) => {
    if (virtualAddress < virtualBase) throw new VmmParaError('the guest kernel has a bad segment');
    return {
      offset: Number(virtualAddress - virtualBase),
      memorySize: memoryBytes,
      data,
      isWritable: (flags & SegmentFlag.write) !== 0,
      isExecutable: (flags & SegmentFlag.execute) !== 0,
    };
  });
  return { virtualBase, entry, segments };
}

function loadsOf(file: Uint8Array) {
  try {
    return loadSegments(file, readProgramHeaders(file, readElfHeader(file)));
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    if (error.fault === 'truncated') throw truncated(error.message);
    throw new VmmParaError(
      error.fault === 'kind'
        ? `the guest kernel is not for 64-bit little-endian RISC-V: ${error.message}`
        : `the guest kernel is damaged: ${error.message}`,
    );
  }
}

function truncated(what: string): VmmParaError {
  return new VmmParaError(`the guest kernel is cut off: ${what}`);
}
