import { sha256 } from '@noble/hashes/sha2.js';
import { SnapshotError } from '../errors.ts';
import { isRamSize } from '../memory/machine-memory.ts';
import { MAX_HARTS } from '../schedule/hart-group.ts';
import { type Container, hexOf, readContainer } from './container.ts';
import { PAGE_BYTES } from './page-sections.ts';
import { requireForm } from './state-json.ts';

/** What a machine was made of: a snapshot is restored into one made of the same. */
export type SnapshotBoard = {
  /** RAM in bytes. */
  readonly memoryBytes: number;
  readonly harts: number;
  /** Names of the instruction set's extensions. */
  readonly extensions: readonly string[];
  /** Names of all devices in the order of the bus. */
  readonly devices: readonly string[];
  /** Name of the harts' TLB model. */
  readonly tlb: string;
  /** See layout-name.ts. */
  readonly layout: string;
};

/** What a snapshot says about itself. */
export type SnapshotHeader = {
  /** `full`: everything. `incremental`: what changed since `parent`, which is needed as well. */
  readonly kind: 'full' | 'incremental';
  /** Follows from the contents and from all snapshots before. */
  readonly id: string;
  /** `id` of the snapshot that this one builds on; empty for a full one. */
  readonly parent: string;
  readonly board: SnapshotBoard;
  /** When it was taken: instructions that all harts retired, and ticks of the clock. */
  readonly instructions: number;
  readonly time: number;
  /** Pages of RAM in it, and different contents among them. */
  readonly pages: number;
  readonly contents: number;
};

export interface Snapshot {
  readonly header: SnapshotHeader;
  readonly container: Container;
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Throws SnapshotError for a file that is no whole snapshot of this version. */
function readSnapshot(file: Uint8Array): Snapshot {
  const container = readContainer(file);
  const { sections: _, ...header } = container.fields as Partial<SnapshotHeader> & { sections: unknown };
  const { extensions, devices } = (header.board ?? {}) as Partial<SnapshotBoard>;
  if (!isNames(extensions) || !isNames(devices))
    throw new SnapshotError('header.board', 'expected extensions and devices');
  const board = { memoryBytes: 0, harts: 0, extensions, devices, tlb: '', layout: '' };
  const model = { kind: '', id: '', parent: '', board, instructions: 0, time: 0, pages: 0, contents: 0 };
  requireForm(header, model, 'header');
  const snapshot = header as SnapshotHeader;
  if (snapshot.kind !== 'full' && snapshot.kind !== 'incremental') {
    throw new SnapshotError('header.kind', `expected full or incremental, found ${String(snapshot.kind)}`);
  }
  const { memoryBytes, harts } = snapshot.board;
  if (!isRamSize(memoryBytes))
    throw new SnapshotError('header.board', `a machine cannot have ${memoryBytes} bytes of RAM`);
  if (harts < 1 || harts > MAX_HARTS) throw new SnapshotError('header.board', `a machine cannot have ${harts} harts`);
  return { header: snapshot, container };
}

/** What a snapshot is of, without unpacking it. Throws SnapshotError for a file that is none. */
export function inspectSnapshot(file: Uint8Array): SnapshotHeader & { readonly bytes: number } {
  return { ...readSnapshot(file).header, bytes: file.length };
}

/** Reads a full snapshot and those that build on it, one on the other. Throws SnapshotError where the chain is broken. */
export function readChain(files: readonly Uint8Array[]): readonly Snapshot[] {
  const chain = files.map(readSnapshot);
  const [first] = chain;
  if (!first) throw new SnapshotError('chain', 'there is no snapshot');
  if (first.header.kind !== 'full') {
    const missing = `the first snapshot holds only what changed since snapshot ${first.header.parent}`;
    throw new SnapshotError('chain', `${missing}: hand in that one, and what it builds on, before it`);
  }
  chain.reduce((before, { header }, index) => {
    if (header.kind === 'incremental' && header.parent === before.header.id) return chain[index]!;
    const found = header.kind === 'full' ? 'is a full one' : `builds on ${header.parent}`;
    throw new SnapshotError('chain', `expected snapshot ${index} to build on ${before.header.id}; it ${found}`);
  });
  return chain;
}

/** The id of a snapshot: of what it is made of, and of what it builds on. */
export function idOf(parent: string, sectionDigests: readonly string[]): string {
  return hexOf(sha256(new TextEncoder().encode([parent, ...sectionDigests].join(' '))).subarray(0, 16));
}

export const pagesOf = (board: SnapshotBoard): number => Math.floor(board.memoryBytes / PAGE_BYTES);
