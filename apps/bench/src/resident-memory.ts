/**
 * What of a machine's process is in memory, and what of that is the guest's: from smaps and pagemap of proc(5), so on Linux only.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

export interface ResidentMemory {
  /** Bytes of the whole process that are in memory. */
  readonly total: number;
  /** Of these, RAM that the guest has touched. */
  readonly ram: number;
  /** Of these, what stands before the RAM in the machine's memory: contexts, software TLB, the engines' tables. */
  readonly tables: number;
}

/** Where a machine's RAM is: the size of its WebAssembly.Memory, and the offset of the RAM in it. Both multiples of 64 KiB. */
export interface MemoryShape {
  readonly bytes: number;
  readonly ramOffset: number;
}

const PAGE_SIZE = 4096;

const smaps = (): string[] => readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);

/** Bytes in memory of mappings that are executable and of no file: compiled code. */
export function anonymousExecutable(): number {
  let bytes = 0;
  for (const mapping of smaps()) {
    if (!/^[0-9a-f]+-[0-9a-f]+ ..x. [0-9a-f]+ 00:00 0\s/.test(mapping)) continue;
    bytes += Number(/^Rss: +(\d+) kB$/m.exec(mapping)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** Throws Error when the process has no mapping, or several ones, of the size of the machine's memory. */
export function residentMemory(shape: MemoryShape): ResidentMemory {
  let total = 0;
  const found: { readonly start: number; readonly resident: number }[] = [];
  for (const mapping of smaps()) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(mapping) ?? [];
    const [, resident] = /^Rss: +(\d+) kB$/m.exec(mapping) ?? [];
    if (!start || !end || !resident) continue;
    const bytes = Number(resident) * 1024;
    total += bytes;
    const first = Number.parseInt(start, 16);
    if (Number.parseInt(end, 16) - first === shape.bytes) found.push({ start: first, resident: bytes });
  }
  if (found.length !== 1) throw new Error(`${found.length} mappings of ${shape.bytes} bytes, expected the machine's`);
  const { start, resident } = found[0]!;
  const tables = presentPages(start, shape.ramOffset) * PAGE_SIZE;
  return { total, ram: resident - tables, tables };
}

/** Pages of this process's memory that are present, by pagemap's bit 63. */
function presentPages(start: number, bytes: number): number {
  const entries = Buffer.alloc((bytes / PAGE_SIZE) * 8);
  const file = openSync('/proc/self/pagemap', 'r');
  try {
    readSync(file, entries, 0, entries.length, (start / PAGE_SIZE) * 8);
  } finally {
    closeSync(file);
  }
  let count = 0;
  for (let at = 7; at < entries.length; at += 8) if (entries[at]! & 0x80) count++;
  return count;
}
