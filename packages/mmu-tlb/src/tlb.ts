import { LAST_SPACE, type SavedState, type TlbEntry, type TlbModel } from '@worldswitch/contracts';
import { MmuError } from './mmu-error.ts';
import { PAGES_PER_LEAF, PteFlag } from './pte.ts';
import { fifo, type ReplacementPolicy } from './replacement.ts';
import {
  eachEntry,
  flattenEntries,
  requireTlbState,
  restoreCounters,
  saveCounters,
  type TlbState,
} from './tlb-state.ts';

export interface TlbOptions {
  /** Number of sets, a power of two. 1 makes it fully associative. */
  readonly sets: number;
  /** Entries of a set. */
  readonly ways: number;
  /** Default fifo. */
  readonly policy?: ReplacementPolicy;
  readonly name?: string;
}

type Slot = { -readonly [Field in keyof TlbEntry]: TlbEntry[Field] };

/**
 * Counters of superpages' pieces, as a power of two: some superpages share one. Many more than superpages in use, whose numbers lie side
 * by side as a kernel's map of all memory: a page of a program must hardly ever seem to be in one of them.
 */
const PIECE_COUNTERS = 1 << 13;

/** With at most so many insertions since all was flushed, a flush empties their ways alone: systems that flush often fill few. */
const NOTED_INSERTIONS = 64;

/** Marks an empty way: no page has this number. */
const EMPTY = -1;

/** Whether a fence for `page` reaches an entry: it does so for each piece of the superpage that its leaf maps. */
export function coversPage(entry: { readonly page: number; readonly level: number }, page: number): boolean {
  if (entry.level === 0) return entry.page === page;
  const pages = PAGES_PER_LEAF[entry.level]!;
  return Math.floor(entry.page / pages) === Math.floor(page / pages);
}

/**
 * A set-associative TLB. Sets are chosen by the page number's low bits; entries carry an ASID, and global ones match each.
 * Superpages are kept in pieces of 4 KiB, those that were asked for; a fence for any address of the superpage drops them all.
 * At most one entry can match an access: an insertion displaces those that would match the same (and reports them as evicted).
 * `lookup` returns an object of the model's own, good until the next call.
 */
export function createTlb(options: TlbOptions): TlbModel {
  const { sets, ways, policy = fifo } = options;
  if (!Number.isInteger(sets) || sets < 1 || (sets & (sets - 1)) !== 0)
    throw new MmuError(`a TLB needs a power of two of sets, not ${sets}`);
  if (!Number.isInteger(ways) || ways < 1) throw new MmuError(`a TLB needs at least one way, not ${ways}`);

  const size = sets * ways;
  // Pages and ASIDs stand apart from the slots so that a lookup and a scan read densely.
  const pages = new Float64Array(size).fill(EMPTY);
  /** ASID, or -1 for a global entry. */
  const asids = new Int32Array(size);
  const slots: Slot[] = Array.from({ length: size }, () => ({ asid: 0, page: EMPTY, frame: 0, flags: 0, level: 0 }));
  const replacement = policy.create(sets, ways);
  const { observesHits } = policy;
  const setMask = sets - 1;
  let occupied = 0;
  /** Where insertions since the last flush of all went, and how many they were; above NOTED_INSERTIONS, anywhere. */
  const inserted = new Int32Array(NOTED_INSERTIONS);
  let insertedCount = 0;
  /** Pieces of superpages by their leaf, and at the end those of leaves above level 1. */
  const pieces = new Int32Array(PIECE_COUNTERS + 1);
  let pieceCount = 0;

  /** Which counter: programs lie where the lowest 32 bits of the leaf's number are small, and kernels' maps begin where they are 0. */
  const leafOf = (page: number): number => {
    const leaf = Math.floor(page / PAGES_PER_LEAF[1]!);
    let mixed = Math.imul((leaf | 0) ^ Math.imul(leaf / 2 ** 32, 0x85eb_ca6b), 0x9e37_79b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 13)) & (PIECE_COUNTERS - 1);
  };
  const countPiece = ({ level, page }: Slot, change: 1 | -1) => {
    if (level === 0) return;
    pieces[level > 1 ? PIECE_COUNTERS : leafOf(page)]! += change;
    pieceCount += change;
  };
  /** Whether a superpage that holds the page may have pieces here. They lie in other sets than the page itself. */
  const mayHavePieces = (page: number): boolean =>
    pieceCount > 0 && (pieces[PIECE_COUNTERS]! > 0 || pieces[leafOf(page)]! > 0);

  const emptyAll = () => {
    if (insertedCount > NOTED_INSERTIONS) pages.fill(EMPTY);
    else for (let index = 0; index < insertedCount; index++) pages[inserted[index]!] = EMPTY;
    insertedCount = 0;
    occupied = 0;
    if (pieceCount > 0) pieces.fill(0);
    pieceCount = 0;
  };

  const empty = (position: number) => {
    countPiece(slots[position]!, -1);
    pages[position] = EMPTY;
    occupied--;
  };

  /** Empties the ways of a page, or of all, whose ASID is in a range. `reachesGlobals`: also of global entries put in for it. */
  const forget = (page: number | undefined, firstSpace: number, lastSpace: number, reachesGlobals: boolean) => {
    const isOneSet = page !== undefined && !mayHavePieces(page);
    const start = isOneSet ? (page & setMask) * ways : 0;
    const end = isOneSet ? start + ways : size;
    for (let position = start; position < end; position++) {
      if (pages[position] === EMPTY) continue;
      const asid = asids[position]!;
      const space = asid < 0 && reachesGlobals ? slots[position]!.asid : asid;
      if (space < firstSpace || space > lastSpace) continue;
      if (page !== undefined && pages[position] !== page) {
        if (isOneSet || !coversPage(slots[position]!, page)) continue;
      }
      empty(position);
    }
  };

  const model: TlbModel = {
    name: options.name ?? `${sets}x${ways} ${policy.name}`,
    observesHits,
    onEvict: undefined,
    counters: { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 },

    lookup(asid, page) {
      model.counters.lookups++;
      const set = page & setMask;
      const first = set * ways;
      for (let position = first; position < first + ways; position++) {
        if (pages[position] === page && (asids[position] === asid || asids[position]! < 0)) {
          if (observesHits) replacement.touched(set, position - first);
          return slots[position];
        }
      }
      model.counters.misses++;
      return undefined;
    },

    insert(entry) {
      const { page } = entry;
      const isGlobal = (entry.flags & PteFlag.global) !== 0;
      const set = page & setMask;
      const first = set * ways;
      let target = -1;
      let free = -1;
      for (let position = first; position < first + ways; position++) {
        if (pages[position] === EMPTY) free = position;
        else if (pages[position] === page && (isGlobal || asids[position]! < 0 || asids[position] === entry.asid)) {
          model.onEvict?.(slots[position]!);
          empty(position);
          target = position;
        }
      }
      if (target < 0) target = free;
      if (target < 0) {
        target = first + replacement.victim(set);
        model.counters.evictions++;
        model.onEvict?.(slots[target]!);
        empty(target);
      }
      const slot = slots[target]!;
      slot.asid = entry.asid;
      slot.page = page;
      slot.frame = entry.frame;
      slot.flags = entry.flags;
      slot.level = entry.level;
      pages[target] = page;
      asids[target] = isGlobal ? -1 : entry.asid;
      occupied++;
      if (insertedCount < NOTED_INSERTIONS) inserted[insertedCount] = target;
      if (insertedCount <= NOTED_INSERTIONS) insertedCount++;
      countPiece(slot, 1);
      model.counters.insertions++;
      replacement.filled(set, target - first);
    },

    flush(asid, page) {
      model.counters.flushes++;
      if (occupied === 0) return;
      if (asid === undefined && page === undefined) {
        emptyAll();
        return;
      }
      // An ASID names no global entry; they have -1 here.
      if (asid === undefined) forget(page, 0, LAST_SPACE, true);
      else forget(page, asid, asid, false);
    },

    flushSpaces(first, last, page) {
      model.counters.flushes++;
      if (occupied > 0) forget(page, first, last, true);
    },

    extentOf(page) {
      if (mayHavePieces(page)) return 'superpage';
      const first = (page & setMask) * ways;
      for (let position = first; position < first + ways; position++) if (pages[position] === page) return 'page';
      return 'nothing';
    },

    *entries() {
      for (let position = 0; position < size; position++) if (pages[position] !== EMPTY) yield slots[position]!;
    },
  };
  const { save, restore } = replacement;
  // A policy of somebody else's that cannot be saved makes a TLB that cannot.
  if (!save || !restore) return model;
  function* positions(): Generator<readonly [number, TlbEntry]> {
    for (let position = 0; position < size; position++)
      if (pages[position] !== EMPTY) yield [position, slots[position]!];
  }
  return Object.assign(model, {
    save: (): TlbState => ({
      name: model.name,
      counters: saveCounters(model.counters),
      entries: flattenEntries(positions()),
      policy: save.call(replacement),
    }),
    restore(state: SavedState) {
      const { counters, entries, policy } = requireTlbState(model, state);
      restore.call(replacement, policy);
      emptyAll();
      insertedCount = NOTED_INSERTIONS + 1;
      for (const [position, entry] of eachEntry(entries)) {
        if (!slots[position]) throw new MmuError(`a saved TLB entry stands at ${position} of ${size}`);
        Object.assign(slots[position], entry);
        pages[position] = entry.page;
        asids[position] = (entry.flags & PteFlag.global) !== 0 ? -1 : entry.asid;
        occupied++;
        countPiece(slots[position], 1);
      }
      restoreCounters(model.counters, counters);
    },
  });
}
