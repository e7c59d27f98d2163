import { PAGE_SIZE, type PhysicalMemory, TranslationMode } from '@worldswitch/contracts';
import { createPageTable, type PageTable, PteFlag } from '@worldswitch/mmu-tlb';
import { type Area, AreaList, Protection } from './area.ts';

/** First address that is no user's, in Sv39: half of the address space is left to a kernel. */
export const USER_END = 0x40_0000_0000;
const USER_END_PAGE = USER_END / PAGE_SIZE;
/** Lowest address that mmap gives. */
const MMAP_BOTTOM = 0x1_0000 / PAGE_SIZE;

/** Frames charged to whoever the address space belongs to. */
export interface FrameSource {
  /** A zeroed frame. Throws HostOsError ENOMEM. */
  allocate(): number;
  share(frame: number): void;
  release(frame: number): void;
  references(frame: number): number;
}

export interface AddressSpaceParts {
  readonly memory: PhysicalMemory;
  readonly frames: FrameSource;
  readonly allocateAsid: () => number;
  readonly freeAsid: (asid: number) => void;
  /** sfence.vma for one address space, or one page of it. */
  readonly fence: (asid: number, page?: number) => void;
}

/** What was done about a page fault; `violation`: the access is not allowed. */
export type FaultResolution =
  | 'demand zero'
  | 'file page'
  | 'copy on write'
  | 'shared page'
  | 'already mapped'
  | 'violation';

/**
 * The virtual memory of a process: its areas, and the page table that the machine walks, filled on demand. Pages shared after
 * a fork are mapped without W in both, and copied when written to.
 */
export class AddressSpace {
  readonly table: PageTable;
  readonly asid: number;
  readonly areas = new AreaList();
  /** Processes that run in it: more than one after vfork. */
  users = 1;
  /** The heap ends here; it begins at `heapStart`. Bytes. */
  heapStart = 0;
  heapEnd = 0;
  readonly #parts: AddressSpaceParts;
  #resident = 0;

  /** Throws HostOsError ENOMEM. */
  constructor(parts: AddressSpaceParts) {
    this.#parts = parts;
    this.asid = parts.allocateAsid();
    try {
      this.table = createPageTable({
        memory: parts.memory,
        mode: TranslationMode.sv39,
        allocateFrame: () => parts.frames.allocate(),
        freeFrame: (frame) => parts.frames.release(frame),
      });
    } catch (error) {
      parts.freeAsid(this.asid);
      throw error;
    }
  }

  /** Frames of its pages and of its page table. */
  get frames(): number {
    return this.#resident + this.table.tableFrames;
  }
  get residentPages(): number {
    return this.#resident;
  }

  /**
   * Makes a page accessible if its area allows that. Throws HostOsError ENOMEM.
   * @param access a Protection bit.
   */
  handleFault(page: number, access: number): FaultResolution {
    if (!(page >= 0 && page < USER_END_PAGE)) return 'violation';
    const area = this.areas.find(page);
    if (area === undefined || (effective(area.protection) & access) === 0) return 'violation';
    const flags = this.table.flagsOf(page);
    if (flags === 0) return this.#mapNew(area, page);
    if (access === Protection.write && (flags & PteFlag.write) === 0) return this.#copyOnWrite(area, page);
    this.#parts.fence(this.asid, page);
    return 'already mapped';
  }

  #mapNew(area: Area, page: number): FaultResolution {
    const { frames, memory } = this.#parts;
    const known = area.shared?.backing.frames.get(page - area.shared.origin);
    const frame = known ?? frames.allocate();
    let how: FaultResolution = 'demand zero';
    if (area.shared !== undefined) {
      how = 'shared page';
      if (known === undefined) area.shared.backing.frames.set(page - area.shared.origin, frame);
      frames.share(frame);
    } else if (area.file !== undefined) {
      const { contents, origin, offset, end } = area.file;
      const at = offset + (page - origin) * PAGE_SIZE;
      const bytes = contents().subarray(at, Math.max(at, Math.min(end, at + PAGE_SIZE)));
      if (bytes.length > 0) {
        memory.write(frame * PAGE_SIZE, bytes);
        how = 'file page';
      }
    }
    try {
      this.table.map(page, frame, pteFlags(area.protection));
    } catch (error) {
      frames.release(frame);
      throw error;
    }
    this.#resident++;
    return how;
  }

  #copyOnWrite(area: Area, page: number): FaultResolution {
    const { frames, memory } = this.#parts;
    const old = this.table.lookup(page)!.frame;
    if (frames.references(old) === 1 || area.shared !== undefined) {
      this.table.protect(page, pteFlags(area.protection));
    } else {
      const copy = frames.allocate();
      memory.write(copy * PAGE_SIZE, memory.slice(old * PAGE_SIZE, PAGE_SIZE));
      this.table.map(page, copy, pteFlags(area.protection));
      frames.release(old);
    }
    this.#parts.fence(this.asid, page);
    return 'copy on write';
  }

  /** Machine frame behind a page, made accessible first if need be; -1 when the access is not allowed. */
  resolve(page: number, access: number): number {
    if (!(page >= 0 && page < USER_END_PAGE)) return -1;
    const needed = PteFlag.user | (access === Protection.write ? PteFlag.write : PteFlag.read);
    if ((this.table.flagsOf(page) & needed) !== needed && this.handleFault(page, access) === 'violation') return -1;
    return this.table.lookup(page)!.frame;
  }

  /** Maps an area in place of what was there. */
  map(area: Area): void {
    this.unmap(area.start, area.end);
    this.areas.add(area);
  }

  unmap(start: number, end: number): void {
    for (const piece of this.areas.remove(start, end)) {
      this.#forgetPages(piece);
      this.#releaseShared(piece);
    }
  }

  #releaseShared(area: Area): void {
    if (area.shared === undefined || --area.shared.backing.users > 0) return;
    for (const frame of area.shared.backing.frames.values()) this.#parts.frames.release(frame);
  }

  /** Pages of [start, end) that have a frame: in time that depends on what is mapped, not on how large the range is. */
  #mappedPages(start: number, end: number): number[] {
    if (this.#resident === 0) return [];
    const pages: number[] = [];
    if (end - start > 512 + this.#resident) {
      for (const { page } of this.table.entries()) if (page >= start && page < end) pages.push(page);
    } else {
      for (let page = start; page < end; page++) if (this.table.flagsOf(page) !== 0) pages.push(page);
    }
    return pages;
  }

  #forgetPages(area: Area): void {
    for (const page of this.#mappedPages(area.start, area.end)) {
      const mapping = this.table.unmap(page)!;
      this.#resident--;
      this.#parts.frames.release(mapping.frame);
      this.#parts.fence(this.asid, page);
    }
  }

  /** Pages whose frames nobody needs any more: they are new when touched again (madvise). */
  discard(start: number, end: number): void {
    for (const area of this.areas) {
      if (area.end <= start || area.start >= end || area.shared !== undefined) continue;
      this.#forgetPages({ ...area, start: Math.max(start, area.start), end: Math.min(end, area.end) });
    }
  }

  protect(start: number, end: number, protection: number): void {
    for (const piece of this.areas.remove(start, end)) {
      this.areas.add({ ...piece, protection });
      for (const page of this.#mappedPages(piece.start, piece.end)) {
        const { frame } = this.table.lookup(page)!;
        const isShared = piece.shared === undefined && this.#parts.frames.references(frame) > 1;
        this.table.protect(page, isShared ? withoutWrite(pteFlags(protection)) : pteFlags(protection));
        this.#parts.fence(this.asid, page);
      }
    }
  }

  findFree(pages: number, top: number): number | undefined {
    return this.areas.findFree(pages, MMAP_BOTTOM, top);
  }

  /** A copy that shares every frame until one side writes. Throws HostOsError ENOMEM. */
  fork(frames: FrameSource = this.#parts.frames): AddressSpace {
    const child = new AddressSpace({ ...this.#parts, frames });
    child.heapStart = this.heapStart;
    child.heapEnd = this.heapEnd;
    for (const area of this.areas) {
      child.areas.add(area);
      if (area.shared !== undefined) area.shared.backing.users++;
    }
    try {
      for (const { page, frame, flags } of [...this.table.entries()]) {
        const isShared = this.areas.find(page)?.shared !== undefined;
        const childFlags = isShared ? flags : withoutWrite(flags);
        frames.share(frame);
        try {
          child.table.map(page, frame, childFlags);
        } catch (error) {
          frames.release(frame);
          throw error;
        }
        child.#resident++;
        if (childFlags !== flags) this.table.protect(page, childFlags);
      }
    } catch (error) {
      child.release();
      throw error;
    } finally {
      this.#parts.fence(this.asid);
    }
    return child;
  }

  /** One user less; after the last one everything is given back. */
  release(): void {
    if (--this.users > 0) return;
    for (const { frame } of this.table.entries()) this.#parts.frames.release(frame);
    for (const area of this.areas) this.#releaseShared(area);
    this.table.destroy();
    this.#parts.freeAsid(this.asid);
  }
}

/** The machine has no write-only or execute-only data access: W without R is reserved, and Linux lets X be read by no one. */
function effective(protection: number): number {
  return protection & Protection.write ? protection | Protection.read : protection;
}

/** PTE flags of a private page that its process may use like this. A and D are set from the start. */
function pteFlags(protection: number): number {
  const rights = effective(protection);
  if (rights === 0) return PteFlag.read | PteFlag.accessed;
  return (
    PteFlag.user |
    PteFlag.accessed |
    (rights & Protection.read ? PteFlag.read : 0) |
    (rights & Protection.write ? PteFlag.write | PteFlag.dirty : 0) |
    (rights & Protection.execute ? PteFlag.execute : 0)
  );
}

function withoutWrite(flags: number): number {
  return flags & ~(PteFlag.write | PteFlag.dirty);
}
