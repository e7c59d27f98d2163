import type { HostKernel, TranslationMode, Vcpu } from '@worldswitch/contracts';
import {
  createPageTable,
  isCanonical,
  type Mapping,
  PAGES_PER_LEAF,
  type PageTable,
  PTE_SOFTWARE_SHIFT,
  PteFlag,
} from '@worldswitch/mmu-tlb';

/** Software bits of a shadow entry: the guest's leaf is global; it is larger than this entry. */
export const ShadowFlag = {
  guestGlobal: 1 << PTE_SOFTWARE_SHIFT,
  fragment: 2 << PTE_SOFTWARE_SHIFT,
} as const;

/** Thrown by a table that may not or cannot get another frame; caught by {@link ShadowPaging}. */
export const OUT_OF_SHADOW_FRAMES = { outOfShadowFrames: true } as const;

/** Frames that a VM's shadow tables take up together. */
export interface ShadowFrameBudget {
  used: number;
  readonly limit: number;
}

/**
 * One shadow page table with its address-space identifier: the translations that one virtual mode has in one guest address
 * space. It behaves like a TLB: it holds nothing that the guest's tables did not say at some time since the last fence.
 */
export class ShadowTable {
  readonly asid: number;
  readonly mode: Exclude<TranslationMode, 0>;
  readonly #host: HostKernel;
  readonly #vcpu: Vcpu;
  readonly #budget: ShadowFrameBudget;
  #table: PageTable;
  /** Level of the largest guest leaf that entries here are fragments of; 0 for none. */
  #largestFragmented = 0;

  constructor(host: HostKernel, vcpu: Vcpu, budget: ShadowFrameBudget, mode: Exclude<TranslationMode, 0>) {
    this.#host = host;
    this.#vcpu = vcpu;
    this.#budget = budget;
    this.mode = mode;
    this.#table = this.#create();
    try {
      this.asid = host.allocateAsid();
    } catch {
      this.#table.destroy();
      throw OUT_OF_SHADOW_FRAMES;
    }
  }

  #create(): PageTable {
    const budget = this.#budget;
    return createPageTable({
      memory: this.#host.memory,
      mode: this.mode,
      allocateFrame: () => {
        if (budget.used >= budget.limit) throw OUT_OF_SHADOW_FRAMES;
        let frames: number[];
        try {
          frames = this.#host.allocateFrames(1);
        } catch {
          throw OUT_OF_SHADOW_FRAMES;
        }
        budget.used++;
        return frames[0]!;
      },
      freeFrame: (frame) => {
        budget.used--;
        this.#host.freeFrames([frame]);
      },
    });
  }

  get mappings(): number {
    return this.#table.mappings;
  }

  get tableFrames(): number {
    return this.#table.tableFrames;
  }

  entries(): Iterable<Mapping> {
    return this.#table.entries();
  }

  /** Lets the vcpu run on it. */
  activate(): void {
    this.#vcpu.setAddressSpace(this.mode, this.asid, this.#table.rootFrame);
  }

  /**
   * Maps a leaf, in place of whatever was there. Page and frame are aligned to it.
   * @param flags PTE bits 1 to 8. @param guestLevel level of the guest's leaf, at least `level`. @throws OUT_OF_SHADOW_FRAMES
   */
  map(page: number, frame: number, flags: number, level: number, guestLevel: number): void {
    const removed = this.#table.flagsOf(page) === 0 ? undefined : this.#table.unmap(page);
    // What goes may be cached: the leaf for this page, or all that a large leaf covered or a new one replaces.
    if (level > 0 || (removed && removed.level > 0)) this.#vcpu.fence(this.asid);
    else if (removed) this.#vcpu.fence(this.asid, page);
    const isFragment = level < guestLevel;
    this.#table.map(page, frame, isFragment ? flags | ShadowFlag.fragment : flags, level);
    if (isFragment) this.#largestFragmented = Math.max(this.#largestFragmented, guestLevel);
  }

  /** PTE bits 0 to 9 of the leaf for a page that is canonical; 0 for none. */
  flagsOf(page: number): number {
    return this.#table.flagsOf(page);
  }

  /** Forgets the translation of one page, unless it is global and `keepsGlobal`. */
  forgetPage(page: number, keepsGlobal: boolean): void {
    if (!isCanonical(page, this.mode)) return;
    // A fence for one address of a large guest page is one for the whole page, and so for all entries made of it.
    if (this.#largestFragmented > 0) {
      const start = leafStart(page, this.#largestFragmented);
      const end = start + PAGES_PER_LEAF[this.#largestFragmented]!;
      this.#forgetWhere((flags, at) => (flags & ShadowFlag.fragment) !== 0 && at >= start && at < end);
    }
    const flags = this.#table.flagsOf(page);
    if (flags === 0 || (keepsGlobal && (flags & ShadowFlag.guestGlobal) !== 0)) return;
    const { level } = this.#table.unmap(page)!;
    this.#vcpu.fence(this.asid, level > 0 ? undefined : page);
  }

  /** Forgets everything, but global translations if `keepsGlobal`. */
  forgetAll(keepsGlobal: boolean): void {
    if (this.#table.mappings === 0) return;
    if (keepsGlobal && this.#forgetWhere((flags) => (flags & ShadowFlag.guestGlobal) === 0) > 0) return;
    this.#table.destroy();
    this.#largestFragmented = 0;
    this.#table = this.#create();
    this.#vcpu.fence(this.asid);
  }

  /** How many are left. */
  #forgetWhere(isForgotten: (flags: number, page: number) => boolean): number {
    const pages: number[] = [];
    for (const { page, flags } of this.#table.entries()) if (isForgotten(flags, page)) pages.push(page);
    for (const page of pages) this.#table.unmap(page);
    if (pages.length > 0) this.#vcpu.fence(this.asid);
    return this.#table.mappings;
  }

  /** Takes over translations of another table of the same guest, those that are global or all, as far as memory goes. */
  adopt(other: ShadowTable, onlyGlobal: boolean): void {
    try {
      for (const { page, frame, flags, level } of other.entries()) {
        if (!onlyGlobal || (flags & ShadowFlag.guestGlobal) !== 0) {
          this.#table.map(page, frame, flags & ~PteFlag.valid, level);
        }
      }
    } catch (error) {
      if (error !== OUT_OF_SHADOW_FRAMES) throw error;
    }
    this.#largestFragmented = other.#largestFragmented;
  }

  release(): void {
    this.#table.destroy();
    this.#host.freeAsid(this.asid);
  }
}

/** First page of the leaf of a level that a page lies in. */
export const leafStart = (page: number, level: number): number => page - (page % PAGES_PER_LEAF[level]!);
