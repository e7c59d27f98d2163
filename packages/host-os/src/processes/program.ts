import { SegmentFlag } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';
import type { Kernel } from '../kernel-state.ts';
import { AddressSpace, type FrameSource } from '../memory/address-space.ts';
import { Protection } from '../memory/area.ts';
import { TRAMPOLINE, trampolineCode } from '../signals/signal-delivery.ts';
import { type LoadSegment, parseElf } from './elf-loader.ts';
import { buildInitialStack, MAX_ARGUMENT_BYTES } from './initial-stack.ts';

/*
 * The user address space, Sv39 (USER_END = 0x40_0000_0000):
 *   where its file says     the program, then the heap (brk)
 *   ...                     mmap, downwards from below the stack
 *   STACK_TOP - 8 MiB       the stack, mapped as it is touched
 *   TRAMPOLINE              one page: what signal handlers return to
 */
const STACK_TOP = TRAMPOLINE - 0x1000;
const STACK_SIZE = 8 << 20;
/** mmap gives addresses below this one. */
export const MMAP_TOP = STACK_TOP - STACK_SIZE - (1 << 20);

export interface ProgramStrings {
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly fileName: string;
}

export interface LoadedProgram {
  readonly space: AddressSpace;
  readonly entry: number;
  readonly stackPointer: number;
  /** The file that its pages are read from. */
  readonly image: Uint8Array;
}

/**
 * A fresh address space with a program in it, ready to start. Pages are read from `image` when they are touched.
 * @throws HostOsError ENOEXEC for a bad file, EINVAL for too many arguments, ENOMEM.
 */
export function loadProgram(
  kernel: Kernel,
  frames: FrameSource,
  image: Uint8Array,
  strings: ProgramStrings,
): LoadedProgram {
  const elf = parseElf(image, MMAP_TOP);
  const random = Uint8Array.from({ length: 16 }, () => kernel.hardware.random() * 256);
  const stack = buildInitialStack(elf, STACK_TOP, strings, { random, hasFloat: kernel.hasFloat });
  if (stack === undefined) {
    throw new HostOsError('EINVAL', `arguments and environment need more than ${MAX_ARGUMENT_BYTES} bytes`);
  }
  const space = new AddressSpace({ ...kernel.spaceParts, frames });
  try {
    for (const segment of elf.segments) mapSegment(space, segment, image);
    const heap = Math.max(...elf.segments.map(({ address, memorySize }) => Math.ceil((address + memorySize) / 4096)));
    space.heapStart = heap * 4096;
    space.heapEnd = space.heapStart;
    space.map({
      start: (STACK_TOP - STACK_SIZE) / 4096,
      end: STACK_TOP / 4096,
      protection: Protection.read | Protection.write,
      name: '[stack]',
    });
    mapTrampoline(space);
    kernel.userMemory.write(space, stack.stackPointer, stack.bytes);
  } catch (error) {
    space.release();
    throw error;
  }
  return { space, entry: elf.entry, stackPointer: stack.stackPointer, image };
}

function mapSegment(space: AddressSpace, segment: LoadSegment, image: Uint8Array): void {
  const { address, memorySize, fileSize, fileOffset, flags } = segment;
  const protection =
    (flags & SegmentFlag.read ? Protection.read : 0) |
    (flags & SegmentFlag.write ? Protection.write : 0) |
    (flags & SegmentFlag.execute ? Protection.execute : 0);
  const start = Math.floor(address / 4096);
  const fileEnd = fileSize === 0 ? start : Math.ceil((address + fileSize) / 4096);
  const end = Math.ceil((address + memorySize) / 4096);
  const name = 'program';
  if (fileEnd > start) {
    const file = {
      contents: () => image,
      origin: start,
      offset: fileOffset - (address % 4096),
      end: fileOffset + fileSize,
    };
    space.map({ start, end: fileEnd, protection, name, file });
  }
  if (end > fileEnd) space.map({ start: fileEnd, end, protection, name });
}

function mapTrampoline(space: AddressSpace): void {
  const code = new Uint8Array(new Uint32Array(trampolineCode).buffer);
  const start = TRAMPOLINE / 4096;
  const file = { contents: () => code, origin: start, offset: 0, end: code.length };
  space.map({ start, end: start + 1, protection: Protection.read | Protection.execute, name: '[vdso]', file });
}
