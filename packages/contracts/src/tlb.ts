import type { SavedState } from './saved-state.ts';

/** Largest ASID. */
export const MAX_ASID = 0xffff;
/** Stands for the ASID of a guest that does not translate addresses itself. */
export const BARE_ASID = MAX_ASID + 1;

/**
 * The number under which a TLB keeps a guest's translations: as if it were an ASID, above those of the hart itself. The numbers
 * of one virtual machine are neighbours, from that of ASID 0 to that of BARE_ASID.
 * @param vmid 0 to 16383. @param asid 0 to 65535, or BARE_ASID.
 */
export function guestSpace(vmid: number, asid: number): number {
  return MAX_ASID + 1 + vmid * (BARE_ASID + 1) + asid;
}

/** The largest of them; it fits a signed 32-bit number. */
export const LAST_SPACE = guestSpace(0x3fff, BARE_ASID);

/** A cached translation. `page` and `frame` are page numbers of the 4 KiB page asked for, whatever the leaf's size was. */
export interface TlbEntry {
  /** ASID, or for a guest's translation its `guestSpace`. */
  readonly asid: number;
  readonly page: number;
  readonly frame: number;
  /**
   * PTE bits 0 to 7: V R W X U G A D (privileged ISA, Sv39 page table entry). A guest's translation has those of the G-stage's
   * leaf in bits 8 to 15, and never G: a model keeps the number as it is.
   */
  readonly flags: number;
  /** 0: 4 KiB leaf, 1: 2 MiB, 2: 1 GiB, ... */
  readonly level: number;
}

/** What a TLB holds that a fence for a page concerns: nothing at all; nothing but that page; else maybe pieces of a superpage too. */
export type FenceExtent = 'nothing' | 'page' | 'superpage';

/**
 * A model of the hardware's TLB. The engine keeps translations that the model holds in a faster table of its own and asks the
 * model for the rest; `onEvict` tells it what to forget. `observesHits` makes it ask for every access.
 */
export interface TlbModel {
  readonly name: string;
  /** True when replacement depends on hits (LRU): the engine then caches nothing. */
  readonly observesHits: boolean;
  /**
   * The entry, or undefined for a miss. A global entry (G) matches each asid. The object may be the model's own: read it before
   * the next call.
   */
  lookup(asid: number, page: number): TlbEntry | undefined;
  /** Keeps a copy. Displaces whatever else could match the same access. */
  insert(entry: TlbEntry): void;
  /**
   * sfence.vma: undefined means all. Entries with G stay when an asid is given (privileged ISA, SFENCE.VMA). A page in a
   * superpage stands for all of it: each piece of that leaf is forgotten.
   */
  flush(asid?: number, page?: number): void;
  /**
   * Forgets the entries of the address spaces from `first` to `last`, those with G among them, of one page or all, as `flush`
   * does: fences of hypervisors and their guests. Without it the hart forgets everything instead.
   */
  flushSpaces?(first: number, last: number, page?: number): void;
  /**
   * What a fence for the page can find, in any address space. Kernels fence pages that no one has used yet: where the model says so,
   * what builds on it need not be searched.
   */
  extentOf?(page: number): FenceExtent;
  /** Set by the engine; called for each entry that is replaced (not for flushes). */
  onEvict: ((entry: TlbEntry) => void) | undefined;
  readonly counters: { lookups: number; misses: number; insertions: number; evictions: number; flushes: number };
  entries(): Iterable<TlbEntry>;
  /**
   * Everything that decides on later lookups and replacements, and the counters. Optional, together with `restore`: when a machine
   * with a model that lacks it is saved, the model is flushed, so that the saved machine and the restored one go on alike.
   */
  save?(): SavedState;
  /** Takes over what a model made alike saved, without calling `onEvict`. Throws an Error for anything else. */
  restore?(state: SavedState): void;
}
