import { InternalError, type PhysicalMemory } from '@worldswitch/contracts';
import {
  isLeaf,
  PTE_HIGH_MEMORY_TYPE,
  PTE_HIGH_NAPOT,
  PTE_HIGH_RESERVED,
  PTES_PER_TABLE,
  PteFlag,
  pteFrame,
} from '@worldswitch/mmu-tlb';
import { Status } from '../hypercalls/status.ts';

/**
 * What a frame is used as. A frame has one type at a time, and as many references of that type as there are uses; only at
 * none may it take another. So no frame is a page table and writable at once, which is what makes it safe to let the
 * hardware walk the guest's own tables.
 */
export const PageType = { none: 0, writable: 1, level1: 2, level2: 3, level3: 4 } as const;
export type PageType = (typeof PageType)[keyof typeof PageType];

/** Levels of a Sv39 page table: 1 holds leaves of 4 KiB, 3 is the root. */
export type TableLevel = 1 | 2 | 3;

/** How the hypervisor forgets translations that a change of a page table makes wrong. */
export interface TranslationFlush {
  page(asid: number, virtualPage: number): void;
  addressSpace(asid: number): void;
}

export interface PageTypesOptions {
  readonly memory: PhysicalMemory;
  /** First machine frame of the domain's extent. */
  readonly firstFrame: number;
  readonly frameCount: number;
  readonly flush: TranslationFlush;
  /** An identifier for a new root, or undefined when there is none left. */
  allocateAsid(): number | undefined;
  /** The identifier's translations are flushed before this returns or before it is given again. */
  freeAsid(asid: number): void;
}

const refusedFlags = PteFlag.global;
const refusedHigh = PTE_HIGH_RESERVED | PTE_HIGH_MEMORY_TYPE | PTE_HIGH_NAPOT;
const refusedPointerFlags = PteFlag.user | PteFlag.accessed | PteFlag.dirty;

/** Marks of `#parent` that are no frame index. */
const noParent = -1;
const severalParents = -2;

/**
 * The types and reference counts of a domain's frames, and the only writer of page-table entries.
 *
 * Invariants, after each call and whatever it returned:
 * 1. each entry of each typed table is invalid, or names a frame of the domain: a leaf (level 1 only) or a table one level down;
 * 2. a frame that a typed table maps writable has type `writable`, so none is a table;
 * 3. the TLB holds nothing that the tables no longer say.
 * Frames are numbered from 0, the domain's first.
 */
export class PageTypes {
  readonly #options: PageTypesOptions;
  readonly #types: Uint8Array;
  readonly #references: Int32Array;
  readonly #pinned: Uint8Array;
  readonly #asids: Int32Array;
  /** Entries of typed tables that point to a table, and, when it is one, where that is: gives a leaf's virtual address. */
  readonly #links: Int32Array;
  readonly #parent: Int32Array;
  readonly #parentEntry: Uint16Array;
  readonly #words: Int32Array;
  readonly #firstWord: number;

  constructor(options: PageTypesOptions) {
    const { memory, firstFrame, frameCount } = options;
    this.#options = options;
    this.#types = new Uint8Array(frameCount);
    this.#references = new Int32Array(frameCount);
    this.#pinned = new Uint8Array(frameCount);
    this.#asids = new Int32Array(frameCount).fill(-1);
    this.#links = new Int32Array(frameCount);
    this.#parent = new Int32Array(frameCount).fill(noParent);
    this.#parentEntry = new Uint16Array(frameCount);
    this.#words = new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.size / 4);
    this.#firstWord = (firstFrame * 4096 - memory.base) / 4;
  }

  /** Index of a machine frame in the domain, or -1 when it is not the domain's. */
  indexOf(machineFrame: number): number {
    const index = machineFrame - this.#options.firstFrame;
    return index >= 0 && index < this.#options.frameCount ? index : -1;
  }

  typeOf(index: number): PageType {
    return (this.#types[index] ?? 0) as PageType;
  }

  references(index: number): number {
    return this.#references[index] ?? 0;
  }

  /** Address-space identifier of a validated root. */
  asidOf(index: number): number {
    return this.#asids[index] ?? -1;
  }

  /** One more use of a frame as this type; a frame that becomes a table is validated, with all that it points to. */
  acquire(index: number, type: PageType): Status {
    if ((this.#references[index] ?? 0) > 0) {
      if (this.#types[index] !== type) return Status.busy;
      this.#references[index]!++;
      return Status.ok;
    }
    // Typed before its entries are looked at, so that a table that maps itself writable finds itself a table.
    this.#types[index] = type;
    this.#references[index] = 1;
    const status = type === PageType.writable ? Status.ok : this.#validate(index, type);
    if (status !== Status.ok) {
      this.#types[index] = PageType.none;
      this.#references[index] = 0;
    }
    return status;
  }

  /** One use less. A table that is used no more gives up what it points to. */
  release(index: number): void {
    const left = --this.#references[index]!;
    if (left > 0) return;
    if (left < 0) throw new InternalError(`frame ${index} was released more often than acquired`);
    const type = this.typeOf(index);
    if (type >= PageType.level1) this.#invalidate(index, type, PTES_PER_TABLE);
    this.#types[index] = PageType.none;
  }

  /** Keeps a frame a page table of this level until `unpin`. */
  pin(machineFrame: number, level: TableLevel): Status {
    const index = this.indexOf(machineFrame);
    if (index < 0) return Status.notPermitted;
    if (this.#pinned[index] === 1) return Status.busy;
    const status = this.acquire(index, (PageType.writable + level) as PageType);
    if (status === Status.ok) this.#pinned[index] = 1;
    return status;
  }

  unpin(machineFrame: number): Status {
    const index = this.indexOf(machineFrame);
    if (index < 0) return Status.notPermitted;
    if (this.#pinned[index] !== 1) return Status.invalid;
    this.#pinned[index] = 0;
    this.release(index);
    return Status.ok;
  }

  /**
   * Writes one entry of a page table that is in use.
   * @param address machine address of the entry, a multiple of 8. @param low and @param high the entry's halves, signed.
   */
  update(address: number, low: number, high: number): Status {
    const { memory, flush } = this.#options;
    if (address % 8 !== 0) return Status.invalid;
    const table = this.indexOf(Math.floor(address / 4096));
    if (table < 0) return Status.notPermitted;
    const type = this.typeOf(table);
    if (type < PageType.level1) return Status.invalid;
    const entry = (address % 4096) / 8;
    const word = this.#firstWord + table * 1024 + entry * 2;
    const oldLow = this.#words[word]!;
    const oldHigh = this.#words[word + 1]!;

    const status = this.#acquireEntry(type, table, entry, low, high);
    if (status !== Status.ok) return status;
    memory.write32(address, low >>> 0);
    memory.write32(address + 4, high >>> 0);
    if ((oldLow & PteFlag.valid) !== 0) {
      if (type === PageType.level1) this.#flushLeaf(table, entry, flush);
      else this.#flushBelow(type, table, flush);
      this.#releaseEntry(type, oldLow, oldHigh);
    }
    return Status.ok;
  }

  /** Gives back the identifiers of all roots. The domain must not run after this. */
  dispose(): void {
    for (let index = 0; index < this.#asids.length; index++) {
      const asid = this.#asids[index]!;
      if (asid < 0) continue;
      this.#asids[index] = -1;
      this.#options.flush.addressSpace(asid);
      this.#options.freeAsid(asid);
    }
  }

  #validate(table: number, type: PageType): Status {
    if (type === PageType.level3) {
      const asid = this.#options.allocateAsid();
      if (asid === undefined) return Status.noMemory;
      this.#asids[table] = asid;
    }
    const start = this.#firstWord + table * 1024;
    for (let entry = 0; entry < PTES_PER_TABLE; entry++) {
      const low = this.#words[start + entry * 2]!;
      if ((low & PteFlag.valid) === 0) continue;
      const status = this.#acquireEntry(type, table, entry, low, this.#words[start + entry * 2 + 1]!);
      if (status !== Status.ok) {
        this.#invalidate(table, type, entry);
        return status;
      }
    }
    return Status.ok;
  }

  /** Gives up what the first `entries` entries of a table refer to, and its identifier when it was a root. */
  #invalidate(table: number, type: PageType, entries: number): void {
    const start = this.#firstWord + table * 1024;
    for (let entry = 0; entry < entries; entry++) {
      const low = this.#words[start + entry * 2]!;
      if ((low & PteFlag.valid) !== 0) this.#releaseEntry(type, low, this.#words[start + entry * 2 + 1]!);
    }
    const asid = this.#asids[table]!;
    if (asid < 0) return;
    this.#asids[table] = -1;
    this.#options.flush.addressSpace(asid);
    this.#options.freeAsid(asid);
  }

  #acquireEntry(type: PageType, table: number, entry: number, low: number, high: number): Status {
    if ((low & PteFlag.valid) === 0) return Status.ok;
    if ((low & refusedFlags) !== 0 || (high & refusedHigh) !== 0) return Status.invalid;
    const target = this.indexOf(pteFrame(low, high));
    if (target < 0) return Status.notPermitted;
    if (type === PageType.level1) {
      if (!isLeaf(low)) return Status.invalid;
      if ((low & PteFlag.write) === 0) return Status.ok;
      // Writable but not readable is reserved (privileged ISA, Sv32, table "Encoding of PTE R/W/X fields").
      return (low & PteFlag.read) === 0 ? Status.invalid : this.acquire(target, PageType.writable);
    }
    if (isLeaf(low) || (low & (PteFlag.write | refusedPointerFlags)) !== 0) return Status.invalid;
    const status = this.acquire(target, (type - 1) as PageType);
    if (status !== Status.ok) return status;
    if (this.#links[target]!++ === 0) {
      this.#parent[target] = table;
      this.#parentEntry[target] = entry;
    } else this.#parent[target] = severalParents;
    return Status.ok;
  }

  #releaseEntry(type: PageType, low: number, high: number): void {
    const target = this.indexOf(pteFrame(low, high));
    if (type === PageType.level1) {
      if ((low & PteFlag.write) !== 0) this.release(target);
      return;
    }
    if (--this.#links[target]! === 0) this.#parent[target] = noParent;
    this.release(target);
  }

  /** The translation of one leaf, in the address space where it is found. */
  #flushLeaf(table: number, entry: number, flush: TranslationFlush): void {
    const middle = this.#parent[table]!;
    if (middle === noParent) return;
    const root = middle === severalParents ? severalParents : this.#parent[middle]!;
    if (root === noParent) return;
    if (root === severalParents) {
      this.#flushEverywhere(flush);
      return;
    }
    const page = this.#parentEntry[middle]! * 0x4_0000 + this.#parentEntry[table]! * 512 + entry;
    // Sv39 addresses are sign-extended from bit 38: 52 bits of page number in all.
    flush.page(this.#asids[root]!, page < 0x400_0000 ? page : page + 2 ** 52 - 2 ** 27);
  }

  /** All translations below an entry of a root or of a level-2 table. */
  #flushBelow(type: PageType, table: number, flush: TranslationFlush): void {
    const root = type === PageType.level3 ? table : this.#parent[table]!;
    if (root === severalParents) this.#flushEverywhere(flush);
    else if (root !== noParent) flush.addressSpace(this.#asids[root]!);
  }

  #flushEverywhere(flush: TranslationFlush): void {
    for (const asid of this.#asids) if (asid >= 0) flush.addressSpace(asid);
  }
}
