/** What the `worldswitch` command does about memory, for measurements of it: see packages/cli/bin and packages/cli/src/node/input.ts. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/** V8's space for new objects stays as small as it begins, and that for old ones near what is in use. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}

/** A file's bytes in pages of their own, which malloc never sees. */
export function readApart(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const Resizable = ArrayBuffer as new (length: number, options: { readonly maxByteLength: number }) => ArrayBuffer;
    const bytes = new Uint8Array(new Resizable(size, { maxByteLength: size }), 0, size);
    let at = 0;
    for (let count = 1; at < size && count > 0; at += count) count = readSync(file, bytes, at, size - at, at);
    return bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}
