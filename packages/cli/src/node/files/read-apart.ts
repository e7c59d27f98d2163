import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** Files of this size on get memory of their own. */
const LARGE_FILE = 2 ** 20;

/**
 * A file's bytes. Those of a large one, which is soon in a machine's memory and given up, lie in pages of their own: when glibc gets
 * as large a block back it holds on to as much freed memory from then on, in each thread (mallopt(3), M_MMAP_THRESHOLD), and the
 * threads that compile for V8 would keep tens of megabytes. The pages of a resizable buffer are not malloc's.
 */
export function readApart(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size < LARGE_FILE) return readFileSync(file);
    const bytes = bytesApart(size);
    let at = 0;
    for (let count = 1; at < size && count > 0; at += count) count = readSync(file, bytes, at, size - at, at);
    return bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

/** So many bytes in pages of their own. */
export function bytesApart(size: number): Uint8Array {
  const Resizable = ArrayBuffer as new (length: number, options: { readonly maxByteLength: number }) => ArrayBuffer;
  return new Uint8Array(new Resizable(size, { maxByteLength: size }), 0, size);
}
