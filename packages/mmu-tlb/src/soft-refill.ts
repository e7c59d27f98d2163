import type { SavedState, TlbEntry, TlbModel } from '@worldswitch/contracts';
import type { PrivilegeLevel } from '@worldswitch/isa';
import { MmuError } from './mmu-error.ts';
import { type AccessKind, faultCause, needsAccessedDirty, permits, TranslationFault } from './permission.ts';
import { PteFlag } from './pte.ts';
import { coversPage } from './tlb.ts';
import { eachEntry, flattenEntries, requireTlbState, restoreCounters, saveCounters } from './tlb-state.ts';

/**
 * Exception codes of a refill trap: the TLB has no entry and no hardware will look for one. They lie in the range that the
 * privileged ISA designates for custom use (24 to 31, table of mcause values).
 */
export const RefillCause = { fetch: 24, load: 25, store: 26 } as const;

const refillCauses = [RefillCause.fetch, RefillCause.load, RefillCause.store] as const;

export interface SoftRefillTlbOptions {
  readonly entries: number;
  /** The first so many are never chosen by `writeRandom`: for what the refill handler itself needs. Default 0. */
  readonly wired?: number;
}

/** A translation asked of the TLB alone. One object is used again and again. */
export interface SoftRefillResult {
  /** 0, or the exception code: a RefillCause for a miss, a page fault for an entry that does not allow the access. */
  cause: number;
  frame: number;
  flags: number;
}

/**
 * A fully associative TLB that software fills, as on MIPS: there is no walk. A miss is a trap to the OS, which writes an entry
 * with a privileged instruction and returns. Nothing in it knows what a page table looks like.
 */
export interface SoftRefillTlb {
  /** The same TLB for those who only look up, flush and count: an engine, statistics. Its `insert` writes a random entry. */
  readonly model: TlbModel;
  readonly result: SoftRefillResult;
  readonly counters: { refillTraps: number; writes: number };
  /** result.cause. */
  translate(
    asid: number,
    page: number,
    access: AccessKind,
    privilege: PrivilegeLevel,
    isSumSet: boolean,
    isMxrSet: boolean,
  ): number;
  /** Privileged: puts an entry at an index. Any other that could match the same access is dropped, so that one matches at most. */
  write(index: number, entry: TlbEntry): void;
  /** Privileged: puts an entry where the next victim is, and says where that was. Replaces one for the same page if there is one. */
  writeRandom(entry: TlbEntry): number;
  /** Privileged: what is at an index. */
  read(index: number): TlbEntry | undefined;
  /** Privileged: index of the entry that matches, or -1. Counts no lookup. */
  probe(asid: number, page: number): number;
}

/** @throws MmuError for sizes that make no TLB. */
export function createSoftRefillTlb(options: SoftRefillTlbOptions): SoftRefillTlb {
  const { entries: size, wired = 0 } = options;
  if (!Number.isInteger(size) || size < 1) throw new MmuError(`a TLB needs at least one entry, not ${size}`);
  if (!Number.isInteger(wired) || wired < 0 || wired >= size)
    throw new MmuError(`of ${size} entries ${wired} cannot be wired: one must be left to replace`);
  const slots: (TlbEntry | undefined)[] = new Array(size).fill(undefined);
  /** Index that writeRandom takes when all are full: counts down through the ones that are not wired, as MIPS' Random does. */
  let next = size - 1;

  const isGlobal = (entry: TlbEntry) => (entry.flags & PteFlag.global) !== 0;
  const find = (asid: number, page: number): number => {
    for (let index = 0; index < size; index++) {
      const entry = slots[index];
      if (entry !== undefined && entry.page === page && (entry.asid === asid || isGlobal(entry))) return index;
    }
    return -1;
  };
  const drop = (index: number) => {
    const entry = slots[index];
    if (entry === undefined) return;
    slots[index] = undefined;
    model.onEvict?.(entry);
  };
  const checkIndex = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new MmuError(`the TLB has no entry ${index}`);
  };

  const model: TlbModel = {
    name: `software-refilled ${size}`,
    observesHits: false,
    onEvict: undefined,
    counters: { lookups: 0, misses: 0, insertions: 0, evictions: 0, flushes: 0 },
    lookup(asid, page) {
      model.counters.lookups++;
      const index = find(asid, page);
      if (index < 0) model.counters.misses++;
      return slots[index];
    },
    insert(entry) {
      tlb.writeRandom(entry);
    },
    flush(asid, page) {
      model.counters.flushes++;
      for (let index = 0; index < size; index++) {
        const entry = slots[index];
        if (entry === undefined) continue;
        if (asid !== undefined && (isGlobal(entry) || entry.asid !== asid)) continue;
        if (page !== undefined && !coversPage(entry, page)) continue;
        slots[index] = undefined;
      }
    },
    *entries() {
      for (const entry of slots) if (entry !== undefined) yield entry;
    },
    save() {
      const held = slots.flatMap((entry, index) => (entry === undefined ? [] : [[index, entry] as const]));
      const { refillTraps, writes } = tlb.counters;
      const policy = [next, refillTraps, writes];
      return { name: model.name, counters: saveCounters(model.counters), entries: flattenEntries(held), policy };
    },
    restore(state: SavedState) {
      const { counters, entries, policy } = requireTlbState(model, state);
      const [position = next, refillTraps = 0, writes = 0] = policy;
      checkIndex(position);
      slots.fill(undefined);
      for (const [index, entry] of eachEntry(entries)) {
        checkIndex(index);
        slots[index] = entry;
      }
      next = position;
      Object.assign(tlb.counters, { refillTraps, writes });
      restoreCounters(model.counters, counters);
    },
  };

  const tlb: SoftRefillTlb = {
    model,
    result: { cause: 0, frame: 0, flags: 0 },
    counters: { refillTraps: 0, writes: 0 },

    translate(asid, page, access, privilege, isSumSet, isMxrSet) {
      const { result } = tlb;
      const entry = model.lookup(asid, page);
      if (entry === undefined) {
        tlb.counters.refillTraps++;
        result.cause = refillCauses[access];
        return result.cause;
      }
      const isAllowed = permits(entry.flags, access, privilege, isSumSet, isMxrSet);
      result.cause =
        isAllowed && (entry.flags & PteFlag.valid) !== 0 && !needsAccessedDirty(entry.flags, access)
          ? 0
          : faultCause(TranslationFault.page, access);
      result.frame = entry.frame;
      result.flags = entry.flags;
      return result.cause;
    },

    write(index, entry) {
      checkIndex(index);
      for (let other = 0; other < size; other++) {
        const held = slots[other];
        if (held === undefined) continue;
        const isSame = held.page === entry.page && (held.asid === entry.asid || isGlobal(held) || isGlobal(entry));
        if (isSame) drop(other);
      }
      if (slots[index] !== undefined) model.counters.evictions++;
      drop(index);
      const { asid, page, frame, flags, level } = entry;
      slots[index] = { asid, page, frame, flags, level };
      tlb.counters.writes++;
      model.counters.insertions++;
    },

    writeRandom(entry) {
      let index = find(entry.asid, entry.page);
      for (let other = wired; index < 0 && other < size; other++) if (slots[other] === undefined) index = other;
      if (index < 0) {
        index = next;
        next = next === wired ? size - 1 : next - 1;
      }
      tlb.write(index, entry);
      return index;
    },

    read(index) {
      checkIndex(index);
      return slots[index];
    },

    probe: find,
  };
  return tlb;
}
