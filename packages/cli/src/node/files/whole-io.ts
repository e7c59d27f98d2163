import { readSync, writeSync } from 'node:fs';

/** The guest gets an I/O error for what the host's file system refuses. */
export function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

/** Fills `into` from `position` on; what is beyond the end of the file reads as zero. */
export function readWhole(descriptor: number, into: Uint8Array, position: number): void {
  for (let at = 0; at < into.length; ) {
    const count = readSync(descriptor, into, at, into.length - at, position + at);
    if (count === 0) {
      into.fill(0, at);
      return;
    }
    at += count;
  }
}

export function writeWhole(descriptor: number, from: Uint8Array, position: number): void {
  for (let at = 0; at < from.length; ) at += writeSync(descriptor, from, at, from.length - at, position + at);
}
