import { Errno } from '../errno.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { type Area, Protection } from '../memory/area.ts';
import { isUserRange } from '../memory/user-memory.ts';
import type { Process } from '../processes/process.ts';
import { MMAP_TOP } from '../processes/program.ts';
import type { SystemCall } from './system-call.ts';

const PAGE = 4096;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_TYPE = 0xf;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const PROTECTIONS = Protection.read | Protection.write | Protection.execute;
const MADV_DONTNEED = 4;
const LOWEST = 0x1_0000;
/** Most areas of an address space. */
const MAX_AREAS = 4096;

const pagesOf = (bytes: number) => Math.ceil(bytes / PAGE);

/** Sets the end of the heap; gives the end there is then (brk(2): the kernel's own call never fails). */
function setHeapEnd(space: AddressSpace, wanted: number): number {
  if (wanted < space.heapStart || !isUserRange(wanted, 0)) return space.heapEnd;
  const oldEnd = pagesOf(space.heapEnd);
  const newEnd = pagesOf(wanted);
  if (newEnd > oldEnd) {
    if (newEnd * PAGE > MMAP_TOP || !space.areas.isFree(oldEnd, newEnd)) return space.heapEnd;
    space.map({ start: oldEnd, end: newEnd, protection: Protection.read | Protection.write, name: '[heap]' });
  } else if (newEnd < oldEnd) space.unmap(newEnd, oldEnd);
  space.heapEnd = wanted;
  return wanted;
}

interface MapRequest {
  readonly address: number;
  readonly length: number;
  readonly protection: number;
  readonly flags: number;
  readonly descriptor: number;
  readonly offset: number;
}

function map(process: Process, request: MapRequest): number {
  const { address, length, protection, flags } = request;
  const { space } = process;
  const type = flags & MAP_TYPE;
  const isFixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0;
  if (length <= 0 || request.offset % PAGE !== 0 || protection & ~PROTECTIONS) return -Errno.EINVAL;
  if (type !== MAP_SHARED && type !== MAP_PRIVATE) return -Errno.EINVAL;
  if (!isUserRange(0, length) || space.areas.count >= MAX_AREAS) return -Errno.ENOMEM;
  const pages = pagesOf(length);
  const wanted = Math.floor(address / PAGE);
  const isUsable = address >= LOWEST && isUserRange(address, pages * PAGE) && address + pages * PAGE <= MMAP_TOP;
  let start: number | undefined;
  if (isFixed) {
    if (address % PAGE !== 0) return -Errno.EINVAL;
    if (!isUsable) return -Errno.ENOMEM;
    if (flags & MAP_FIXED_NOREPLACE && !space.areas.isFree(wanted, wanted + pages)) return -Errno.EEXIST;
    start = wanted;
  } else {
    const hint = isUsable && space.areas.isFree(wanted, wanted + pages) ? wanted : undefined;
    start = hint ?? space.findFree(pages, MMAP_TOP / PAGE);
  }
  if (start === undefined) return -Errno.ENOMEM;
  const area = areaFor(process, request, start, start + pages);
  if (typeof area === 'number') return area;
  space.map(area);
  return start * PAGE;
}

function areaFor(process: Process, request: MapRequest, start: number, end: number): Area | number {
  const { protection, flags } = request;
  const isShared = (flags & MAP_TYPE) === MAP_SHARED;
  if (flags & MAP_ANONYMOUS) {
    if (!isShared) return { start, end, protection, name: '' };
    const shared = { backing: { frames: new Map<number, number>(), users: 1 }, origin: start };
    return { start, end, protection, name: '/dev/zero', shared };
  }
  const open = process.files.get(request.descriptor);
  if (open === undefined) return -Errno.EBADF;
  const { inode } = open;
  if (!open.canRead) return -Errno.EACCES;
  // A shared writable mapping would need to change the file, which this page cache cannot.
  if (inode.type !== 'file' || (isShared && protection & Protection.write)) return -Errno.ENODEV;
  const file = {
    contents: () => inode.contents(process),
    origin: start,
    offset: request.offset,
    end: Number.POSITIVE_INFINITY,
  };
  return { start, end, protection, name: open.path, file };
}

/** Page range of (address, length), or a negative error number. */
function rangeOf(address: number, length: number): { readonly start: number; readonly end: number } | number {
  if (address % PAGE !== 0 || !isUserRange(address, length)) return -Errno.EINVAL;
  return { start: address / PAGE, end: pagesOf(address + length) };
}

/** Memory system calls. */
export const memoryCalls: readonly SystemCall[] = [
  {
    number: 214,
    name: 'brk',
    support: 'full',
    handler: (process, args) => setHeapEnd(process.space, args.word(0)),
  },
  {
    number: 215,
    name: 'munmap',
    support: 'full',
    handler: (process, args) => {
      const range = rangeOf(args.word(0), args.word(1));
      if (typeof range === 'number') return range;
      if (range.end === range.start) return -Errno.EINVAL;
      if (process.space.areas.count >= MAX_AREAS) return -Errno.ENOMEM;
      process.space.unmap(range.start, range.end);
      return 0;
    },
  },
  {
    number: 222,
    name: 'mmap',
    support: 'partial',
    note: 'anonymous (private or shared) and private files; a shared file mapping only for reading',
    handler: (process, args) =>
      map(process, {
        address: args.word(0),
        length: args.word(1),
        protection: args.int(2),
        flags: args.int(3),
        descriptor: args.int(4),
        offset: args.word(5),
      }),
  },
  {
    number: 226,
    name: 'mprotect',
    support: 'full',
    handler: (process, args) => {
      const range = rangeOf(args.word(0), args.word(1));
      if (typeof range === 'number') return range;
      if (args.int(2) & ~PROTECTIONS) return -Errno.EINVAL;
      const { areas } = process.space;
      if (areas.count >= MAX_AREAS || !areas.covers(range.start, range.end)) return -Errno.ENOMEM;
      process.space.protect(range.start, range.end, args.int(2));
      return 0;
    },
  },
  { number: 227, name: 'msync', support: 'accepted', handler: () => 0 },
  {
    number: 233,
    name: 'madvise',
    support: 'partial',
    note: 'MADV_DONTNEED; other advice is not needed',
    handler: (process, args) => {
      const range = rangeOf(args.word(0), args.word(1));
      if (typeof range === 'number') return range;
      if (!process.space.areas.covers(range.start, range.end)) return -Errno.ENOMEM;
      if (args.int(2) === MADV_DONTNEED) process.space.discard(range.start, range.end);
      return 0;
    },
  },
  {
    number: 259,
    name: 'riscv_flush_icache',
    support: 'full',
    note: 'the machine keeps code coherent by itself',
    handler: () => 0,
  },
];
