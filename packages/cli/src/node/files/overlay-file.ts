/**
 * A copy-on-write overlay in a file. Layout, all little-endian:
 *
 *   0        header: magic "WSOVERLY", u32 version 1, u32 cluster bytes, u64 bytes of the base, 32 bytes SHA-256 of the base's
 *            first MiB, which tells a base that was changed or another one
 *   4096     table: for each cluster of the base a u32, 0 while the base holds it, else 1 + its place among the data
 *   then, from the next multiple of 4096 on, the data: clusters one after another
 *
 * Data of a new cluster are on the disk before its table entry is: entries are written by flush and close, after an fsync. When
 * the process is killed, the overlay is as it was at the last flush, as a disk with a write cache would be; the base is never
 * written at all.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import type { ClusterStore } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { fileReason } from './file-reason.ts';
import { readWhole, succeeds, writeWhole } from './whole-io.ts';

const MAGIC = 'WSOVERLY';
const VERSION = 1;
const CLUSTER_BYTES = 65_536;
const HEADER_BYTES = 4096;
const HASHED_BYTES = 2 ** 20;
const HASH_BYTES = 32;
const align = (value: number) => Math.ceil(value / HEADER_BYTES) * HEADER_BYTES;

/** Opens an overlay of this base, or makes it where there is none. @throws UserError for a file that is something else. */
export function openOverlayFile(
  path: string,
  baseDescriptor: number,
  baseBytes: number,
  basePath: string,
): ClusterStore & { close(): void } {
  const count = Math.ceil(baseBytes / CLUSTER_BYTES);
  const dataStart = align(HEADER_BYTES + 4 * count);
  const descriptor = openFile(path);
  const table = new Uint32Array(count);
  try {
    const header = makeHeader(baseBytes, hashOf(baseDescriptor, baseBytes));
    if (fstatSync(descriptor).size === 0) {
      ftruncateSync(descriptor, dataStart);
      writeWhole(descriptor, header, 0);
      fsyncSync(descriptor);
    } else {
      checkHeader(descriptor, header, path, basePath);
      const bytes = new Uint8Array(4 * count);
      readWhole(descriptor, bytes, HEADER_BYTES);
      const view = new DataView(bytes.buffer);
      for (let cluster = 0; cluster < count; cluster++) table[cluster] = view.getUint32(4 * cluster, true);
    }
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  let used = table.reduce((most, entry) => Math.max(most, entry), 0);
  /** Clusters whose entries are not in the file yet. */
  let pending: number[] = [];
  const place = (cluster: number) => dataStart + (table[cluster]! - 1) * CLUSTER_BYTES;
  const flush = () => {
    fsyncSync(descriptor);
    if (pending.length === 0) return;
    const entry = new Uint8Array(4);
    for (const cluster of pending) {
      new DataView(entry.buffer).setUint32(0, table[cluster]!, true);
      writeWhole(descriptor, entry, HEADER_BYTES + 4 * cluster);
    }
    fsyncSync(descriptor);
    pending = [];
  };
  return {
    clusterBytes: CLUSTER_BYTES,
    has: (cluster) => table[cluster] !== 0,
    read: (cluster, offset, into) => succeeds(() => readWhole(descriptor, into, place(cluster) + offset)),
    write: (cluster, offset, from) => succeeds(() => writeWhole(descriptor, from, place(cluster) + offset)),
    add: (cluster, bytes) =>
      succeeds(() => {
        writeWhole(descriptor, bytes, dataStart + used * CLUSTER_BYTES);
        table[cluster] = ++used;
        pending.push(cluster);
      }),
    flush: () => succeeds(flush),
    close() {
      flush();
      closeSync(descriptor);
    },
  };
}

function openFile(path: string): number {
  try {
    // Opens what is there or makes it: 'a+' would append whatever the position.
    try {
      return openSync(path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return openSync(path, 'wx+');
    }
  } catch (error) {
    throw new UserError(`cannot open the overlay '${path}': ${fileReason(error, 'write')}`, ExitCode.noInput);
  }
}

function makeHeader(baseBytes: number, hash: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(24 + HASH_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, CLUSTER_BYTES, true);
  view.setBigUint64(16, BigInt(baseBytes), true);
  bytes.set(hash, 24);
  return bytes;
}

function checkHeader(descriptor: number, expected: Uint8Array, path: string, basePath: string): void {
  const found = new Uint8Array(expected.length);
  readSync(descriptor, found, 0, found.length, 0);
  const refuse = (why: string) => new UserError(`the overlay '${path}' cannot be used: ${why}`, ExitCode.badInput);
  if (new TextDecoder('latin1').decode(found.subarray(0, 8)) !== MAGIC) throw refuse('it is not an overlay file');
  const view = new DataView(found.buffer);
  const version = view.getUint32(8, true);
  if (version !== VERSION) throw refuse(`its format has version ${version}, expected ${VERSION}`);
  if (!found.every((byte, index) => byte === expected[index])) {
    throw refuse(`it was made for another drive than '${basePath}', or that drive was changed since`);
  }
}

function hashOf(descriptor: number, baseBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(HASHED_BYTES, baseBytes));
  readWhole(descriptor, bytes, 0);
  return createHash('sha256').update(bytes).digest();
}
