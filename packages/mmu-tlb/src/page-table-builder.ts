import { PAGE_SIZE, type PhysicalMemory, type TranslationMode } from '@worldswitch/contracts';
import { MmuError } from './mmu-error.ts';
import { isLeaf, PAGES_PER_LEAF, PTES_PER_TABLE, PteFlag, pteFrame, pteHigh, pteLow } from './pte.ts';
import { isCanonical, levelsOf } from './sv-walk.ts';

export interface PageTableOptions {
  readonly memory: PhysicalMemory;
  /** Gives a zeroed frame. May throw; the table is left consistent then. */
  readonly allocateFrame: () => number;
  readonly freeFrame: (frame: number) => void;
  readonly mode: Exclude<TranslationMode, 0>;
  /** Frames of the root table: 4 for a G-stage table, whose addresses are two bits wider. Default 1. */
  readonly allocateRoot?: () => { readonly frame: number; readonly frames: 4 };
}

/** A leaf of a table. `page` is the first page it maps. */
export interface Mapping {
  readonly page: number;
  readonly frame: number;
  /** PTE bits 0 to 9: flags and the two software bits. */
  readonly flags: number;
  readonly level: number;
}

/**
 * A page table in a machine's memory, as an OS or a VMM builds it. Pages and frames are numbers. It never fences: who changes
 * a mapping that a TLB may hold does that.
 */
export interface PageTable {
  readonly mode: Exclude<TranslationMode, 0>;
  /** What goes into satp.PPN. */
  readonly rootFrame: number;
  /** Frames of the table itself, the root's included. */
  readonly tableFrames: number;
  /** Leaves in it. */
  readonly mappings: number;
  /**
   * Maps one leaf. Replaces what was there; a table that lay under a new superpage is freed. V is set for you, A and D are not.
   * @param flags PTE bits 1 to 9. @param level 0 (default): 4 KiB, 1: 2 MiB, ... @throws MmuError for a page or frame not
   * aligned to the leaf, an address that is not canonical, or a 4 KiB page inside of a superpage.
   */
  map(page: number, frame: number, flags: number, level?: number): void;
  /** Maps `count` pages to consecutive frames, by the largest leaves that fit, up to `largestLevel` (default 0). */
  mapRange(page: number, frame: number, count: number, flags: number, largestLevel?: number): void;
  /** Removes the leaf that maps this page, all of it, and frees tables that became empty. The leaf, or undefined if none. */
  unmap(page: number): Mapping | undefined;
  /** Changes bits 1 to 9 of the leaf that maps this page, keeping frame and level. False if there is none. */
  protect(page: number, flags: number): boolean;
  /** The leaf that maps this page. */
  lookup(page: number): Mapping | undefined;
  /** PTE bits 0 to 9 of the leaf that maps this page, 0 if there is none: lookup without an object. */
  flagsOf(page: number): number;
  /** All leaves by ascending page. */
  entries(): Iterable<Mapping>;
  /** Frees the frames of the table, not those it maps. Nothing may be called after it. */
  destroy(): void;
}

const ENTRY_SIZE = 8;
const USABLE_FLAGS = 0x3ff & ~PteFlag.valid;
/** Bits 52 and up of a sign-extended page number. */
const PAGES = 2 ** 52;

/** @throws what allocateFrame throws; MmuError for a root frame outside of memory. */
export function createPageTable(options: PageTableOptions): PageTable {
  const { memory, allocateFrame, freeFrame, mode } = options;
  const levels = levelsOf(mode);
  const root = options.allocateRoot?.() ?? { frame: allocateFrame(), frames: 1 };
  const isGuestStage = root.frames === 4;
  const rootEntries = PTES_PER_TABLE * root.frames;
  if (!memory.contains(root.frame * PAGE_SIZE, root.frames * PAGE_SIZE))
    throw new MmuError(`root frame 0x${root.frame.toString(16)} is outside of memory`);
  let tableFrames: number = root.frames;
  let mappings = 0;
  let isDestroyed = false;

  const indexOf = (page: number, level: number) =>
    level === levels - 1 && isGuestStage
      ? Math.floor(page / PAGES_PER_LEAF[level]!)
      : level < 3
        ? (page >>> (9 * level)) & 511
        : Math.floor(page / PAGES_PER_LEAF[level]!) & 511;

  const readLow = (address: number) => memory.read32(address) | 0;
  const readHigh = (address: number) => memory.read32(address + 4) | 0;
  const write = (address: number, low: number, high: number) => {
    memory.write32(address + 4, high >>> 0);
    memory.write32(address, low >>> 0);
  };
  /** Valid entries of each table below the root, so that an empty one is noticed without reading it. */
  const liveEntries = new Map<number, number>();
  const addLive = (table: number, change: number) => {
    const live = liveEntries.get(table);
    if (live !== undefined) liveEntries.set(table, live + change);
  };

  const checkPage = (page: number) => {
    if (isDestroyed) throw new MmuError('the page table was destroyed');
    if (!Number.isInteger(page) || page < 0 || page >= PAGES || !isCanonical(page, mode, isGuestStage))
      throw new MmuError(`virtual page 0x${page.toString(16)} is not canonical in Sv${12 + 9 * levels}`);
  };

  /** Address and level of the entry at which a walk for this page ends: a leaf, or an invalid entry. */
  let foundLevel = 0;
  const find = (page: number): number => {
    let frame = root.frame;
    for (let level = levels - 1; ; level--) {
      const address = frame * PAGE_SIZE + indexOf(page, level) * ENTRY_SIZE;
      const low = readLow(address);
      if ((low & PteFlag.valid) === 0 || isLeaf(low) || level === 0) {
        foundLevel = level;
        return address;
      }
      frame = pteFrame(low, readHigh(address));
    }
  };

  /** Frees the tables below a pointer entry. */
  const freeTable = (frame: number, level: number) => {
    for (let index = 0; index < PTES_PER_TABLE; index++) {
      const address = frame * PAGE_SIZE + index * ENTRY_SIZE;
      const low = readLow(address);
      if ((low & PteFlag.valid) === 0) continue;
      if (isLeaf(low)) mappings--;
      else if (level > 0) freeTable(pteFrame(low, readHigh(address)), level - 1);
    }
    tableFrames--;
    liveEntries.delete(frame);
    freeFrame(frame);
  };

  const mappingAt = (address: number, page: number, level: number): Mapping | undefined => {
    const low = readLow(address);
    if ((low & PteFlag.valid) === 0) return undefined;
    return {
      page: page - (page % PAGES_PER_LEAF[level]!),
      frame: pteFrame(low, readHigh(address)),
      flags: low & 0x3ff,
      level,
    };
  };

  function* list(frame: number, level: number, firstPage: number, entries: number): Iterable<Mapping> {
    const pages = PAGES_PER_LEAF[level]!;
    for (let index = 0; index < entries; index++) {
      const address = frame * PAGE_SIZE + index * ENTRY_SIZE;
      const low = readLow(address);
      if ((low & PteFlag.valid) === 0) continue;
      let page = firstPage + index * pages;
      // The upper half of the root maps the top of the address space.
      if (level === levels - 1 && !isGuestStage && index >= PTES_PER_TABLE / 2) page += PAGES - pages * PTES_PER_TABLE;
      if (isLeaf(low)) yield { page, frame: pteFrame(low, readHigh(address)), flags: low & 0x3ff, level };
      else if (level > 0) yield* list(pteFrame(low, readHigh(address)), level - 1, page, PTES_PER_TABLE);
    }
  }

  const table: PageTable = {
    mode,
    rootFrame: root.frame,
    get tableFrames() {
      return tableFrames;
    },
    get mappings() {
      return mappings;
    },

    map(page, frame, flags, leafLevel = 0) {
      checkPage(page);
      const pages = PAGES_PER_LEAF[leafLevel];
      if (pages === undefined || leafLevel >= levels) throw new MmuError(`there are no leaves at level ${leafLevel}`);
      if (page % pages !== 0 || frame % pages !== 0)
        throw new MmuError(
          `page 0x${page.toString(16)} or frame 0x${frame.toString(16)} is not aligned to a leaf of level ${leafLevel}`,
        );
      if ((flags & (PteFlag.read | PteFlag.execute)) === 0)
        throw new MmuError('a mapping needs R or X: without them the entry would be a pointer');
      let table = root.frame;
      let level = levels - 1;
      for (; level > leafLevel; level--) {
        const address = table * PAGE_SIZE + indexOf(page, level) * ENTRY_SIZE;
        const low = readLow(address);
        if ((low & PteFlag.valid) === 0) {
          const next = allocateFrame();
          tableFrames++;
          liveEntries.set(next, 0);
          addLive(table, 1);
          write(address, pteLow(next, PteFlag.valid), pteHigh(next));
          table = next;
        } else if (isLeaf(low)) {
          throw new MmuError(`page 0x${page.toString(16)} lies in a superpage of level ${level}`);
        } else table = pteFrame(low, readHigh(address));
      }
      const address = table * PAGE_SIZE + indexOf(page, leafLevel) * ENTRY_SIZE;
      const old = readLow(address);
      const oldFrame = pteFrame(old, readHigh(address));
      write(address, pteLow(frame, (flags & USABLE_FLAGS) | PteFlag.valid), pteHigh(frame));
      if ((old & PteFlag.valid) === 0) {
        mappings++;
        addLive(table, 1);
      } else if (!isLeaf(old)) {
        mappings++;
        freeTable(oldFrame, leafLevel - 1);
      }
    },

    mapRange(page, frame, count, flags, largestLevel = 0) {
      const end = page + count;
      while (page < end) {
        let level = Math.min(largestLevel, levels - 1);
        while (
          level > 0 &&
          (page % PAGES_PER_LEAF[level]! !== 0 ||
            frame % PAGES_PER_LEAF[level]! !== 0 ||
            end - page < PAGES_PER_LEAF[level]!)
        )
          level--;
        table.map(page, frame, flags, level);
        page += PAGES_PER_LEAF[level]!;
        frame += PAGES_PER_LEAF[level]!;
      }
    },

    unmap(page) {
      checkPage(page);
      const tables: number[] = [];
      const entries: number[] = [];
      let frame = root.frame;
      for (let level = levels - 1; ; level--) {
        const address = frame * PAGE_SIZE + indexOf(page, level) * ENTRY_SIZE;
        const low = readLow(address);
        if ((low & PteFlag.valid) === 0) return undefined;
        tables.push(frame);
        entries.push(address);
        if (isLeaf(low)) {
          const mapping = mappingAt(address, page, level);
          mappings--;
          // The leaf's entry goes, and from there upwards each table that this leaves empty.
          for (let depth = entries.length - 1; depth >= 0; depth--) {
            write(entries[depth]!, 0, 0);
            const table = tables[depth]!;
            addLive(table, -1);
            if (liveEntries.get(table) !== 0) break;
            tableFrames--;
            liveEntries.delete(table);
            freeFrame(table);
          }
          return mapping;
        }
        frame = pteFrame(low, readHigh(address));
      }
    },

    protect(page, flags) {
      checkPage(page);
      if ((flags & (PteFlag.read | PteFlag.execute)) === 0)
        throw new MmuError('a mapping needs R or X: without them the entry would be a pointer');
      const address = find(page);
      const low = readLow(address);
      if ((low & PteFlag.valid) === 0) return false;
      memory.write32(address, ((low & ~0x3ff) | (flags & USABLE_FLAGS) | PteFlag.valid) >>> 0);
      return true;
    },

    lookup(page) {
      checkPage(page);
      const address = find(page);
      return mappingAt(address, page, foundLevel);
    },

    flagsOf(page) {
      checkPage(page);
      const low = readLow(find(page));
      return low & PteFlag.valid ? low & 0x3ff : 0;
    },

    entries() {
      if (isDestroyed) throw new MmuError('the page table was destroyed');
      return list(root.frame, levels - 1, 0, rootEntries);
    },

    destroy() {
      if (isDestroyed) throw new MmuError('the page table was destroyed');
      isDestroyed = true;
      for (let index = 0; index < rootEntries; index++) {
        const address = root.frame * PAGE_SIZE + index * ENTRY_SIZE;
        const low = readLow(address);
        if ((low & PteFlag.valid) === 0 || isLeaf(low)) continue;
        freeTable(pteFrame(low, readHigh(address)), levels - 2);
      }
      for (let frame = root.frame; frame < root.frame + root.frames; frame++) freeFrame(frame);
      tableFrames = 0;
      mappings = 0;
    },
  };
  return table;
}
