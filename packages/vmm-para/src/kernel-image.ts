import { VmmParaError } from './para-error.ts';

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

const PT_LOAD = 1;
const EM_RISCV = 243;
const PF_X = 1;
const PF_W = 2;

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
 * Source of the ELF layout: System V ABI, ELF-64 object file format, version 1.5.
 * @throws VmmParaError when it is no such file.
 */
export function readKernelImage(file: Uint8Array): KernelImage {
  const isElf = file.length >= 4 && new DataView(file.buffer, file.byteOffset, 4).getUint32(0) === 0x7f45_4c46;
  return isElf ? readElf(file) : readRaw(file);
}

function readRaw(file: Uint8Array): KernelImage {
  const { virtualBase, entry, start, writableStart, end } = readHeader(file);
  const codeSize = Number(writableStart - start);
  const size = Number(end - start);
  if (start < virtualBase || codeSize < HEADER_BYTES || size < codeSize || size > 0x4000_0000) {
    throw new VmmParaError('the header of the guest kernel makes no sense');
  }
  if (file.length < codeSize) throw truncated();
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
  if (file.length < 64) throw truncated();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint8(4) !== 2 || view.getUint8(5) !== 1 || view.getUint16(18, true) !== EM_RISCV) {
    throw new VmmParaError('the guest kernel is not for 64-bit little-endian RISC-V');
  }
  const headers = Number(view.getBigUint64(32, true));
  const headerSize = view.getUint16(54, true);
  const headerCount = view.getUint16(56, true);
  if (headerSize < 56 || headers + headerSize * headerCount > file.length) throw truncated();

  const loads = [];
  for (let i = 0; i < headerCount; i++) {
    const at = headers + i * headerSize;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const fileSize = Number(view.getBigUint64(at + 32, true));
    if (offset + fileSize > file.length) throw truncated();
    loads.push({
      address: view.getBigUint64(at + 16, true),
      memorySize: Number(view.getBigUint64(at + 40, true)),
      data: file.subarray(offset, offset + fileSize),
      flags: view.getUint32(at + 4, true),
    });
  }
  const { virtualBase, entry } = readHeader(loads[0]?.data);
  const segments = loads.map(({ address, memorySize, data, flags }) => {
    if (address < virtualBase || memorySize < data.length) throw new VmmParaError('the guest kernel has a bad segment');
    return {
      offset: Number(address - virtualBase),
      memorySize,
      data,
      isWritable: (flags & PF_W) !== 0,
      isExecutable: (flags & PF_X) !== 0,
    };
  });
  return { virtualBase, entry, segments };
}

function truncated(): VmmParaError {
  return new VmmParaError('the guest kernel is cut off: its headers name bytes beyond the end of the file');
}
