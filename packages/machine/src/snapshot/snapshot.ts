import { SnapshotError } from '../errors.ts';
import { packSection, writeContainer } from './container.ts';
import { idOf, inspectSnapshot, readChain, type Snapshot, type SnapshotBoard, type SnapshotHeader } from './header.ts';
import { layoutName } from './layout-name.ts';
import { PAGE_BYTES, packPages, readPages } from './page-sections.ts';
import { decodeState, encodeState } from './state-json.ts';
import { applyState, captureState, type MachineParts, requireState } from './whole-state.ts';

/**
 * Which periods of dirty marks (dirty-pages.ts) begin with which snapshots: what a machine has to remember to be saved
 * incrementally.
 */
export type SnapshotCuts = Map<string, number>;

function describeBoard({ board }: MachineParts): SnapshotBoard {
  const { instructionSet, harts } = board.group;
  return {
    memoryBytes: board.ram.size,
    harts: harts.length,
    extensions: instructionSet.extensions.map(({ name }) => name),
    devices: board.bus.regions.map(({ device }) => device.name),
    tlb: board.hart.tlb.name,
    layout: layoutName(instructionSet),
  };
}

/**
 * @param since a snapshot that this machine made or was restored from: only pages that changed since then go into this one.
 * Throws SnapshotError when the machine cannot be saved, or was never at `since`.
 */
export function saveSnapshot(parts: MachineParts, cuts: SnapshotCuts, since?: Uint8Array): Uint8Array {
  const { ram, group } = parts.board;
  const parent = since ? inspectSnapshot(since).id : '';
  const first = since ? cuts.get(parent) : 1;
  if (first === undefined) {
    throw new SnapshotError('since', `this machine neither made snapshot ${parent} nor was it restored from it`);
  }
  const state = packSection('state', new TextEncoder().encode(encodeState(captureState(parts))));
  const read = (page: number) => ram.bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
  const memory = packPages(ram.dirty.since(first), read, since !== undefined);
  const sections = [state, ...memory.sections];
  const header: SnapshotHeader = {
    kind: since ? 'incremental' : 'full',
    id: idOf(
      parent,
      sections.map(({ entry }) => entry.sha256),
    ),
    parent,
    board: describeBoard(parts),
    instructions: group.clock.retired,
    time: group.clock.now(),
    pages: memory.pages,
    contents: memory.contents,
  };
  cuts.set(header.id, ram.dirty.cut());
  return writeContainer(header, sections);
}

/** Reads a snapshot, or a full one and those that build on it. Throws SnapshotError for damage and broken chains. */
export function readSnapshots(files: Uint8Array | readonly Uint8Array[]): readonly Snapshot[] {
  return readChain(files instanceof Uint8Array ? [files] : files);
}

/**
 * Puts a machine that has just been made into the state of the last snapshot of a chain. Throws SnapshotError when the machine is
 * another one or the snapshot is damaged: the machine is of no use then.
 */
export function restoreSnapshot(parts: MachineParts, chain: readonly Snapshot[], cuts: SnapshotCuts): void {
  const { ram } = parts.board;
  const own = describeBoard(parts);
  for (const { header } of chain) requireSameBoard(header.board, own);
  for (const { container } of chain) {
    const reader = readPages(container, ram.size / PAGE_BYTES);
    for (const page of reader.pages) {
      const contents = reader.read(page);
      const address = ram.base + page * PAGE_BYTES;
      if (contents) ram.write(address, contents);
      else ram.fill(address, PAGE_BYTES, 0);
    }
  }
  const last = chain.at(-1)!;
  const text = decodeText(last.container.unpack('state'));
  applyState(parts, requireState(decodeState(text, 'state'), parts));
  cuts.set(last.header.id, ram.dirty.cut());
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SnapshotError('state', 'it is no text in UTF-8');
  }
}

const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));

function requireSameBoard(saved: SnapshotBoard, own: SnapshotBoard): void {
  const fail: (field: keyof SnapshotBoard, message: string) => never = (field, message) => {
    throw new SnapshotError(field, message);
  };
  const wanted = (field: 'memoryBytes' | 'harts', what: string) => {
    if (saved[field] !== own[field])
      fail(field, `the saved machine has ${saved[field]} ${what}, this one ${own[field]}`);
  };
  wanted('memoryBytes', 'bytes of RAM');
  wanted('harts', 'harts');
  for (const field of ['extensions', 'devices'] as const) {
    if (saved[field].join() === own[field].join()) continue;
    const missing = without(saved[field], own[field]).join(', ') || 'none';
    const added = without(own[field], saved[field]).join(', ') || 'none';
    fail(field, `the saved machine has others: missing here ${missing}, only here ${added}`);
  }
  if (saved.tlb !== own.tlb) fail('tlb', `the saved machine has the TLB model '${saved.tlb}', this one '${own.tlb}'`);
  if (saved.layout !== own.layout) {
    fail('layout', 'the snapshot was made by a version with other registers: it can be restored by that version only');
  }
}
