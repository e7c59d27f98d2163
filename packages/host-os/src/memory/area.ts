/** What an access needs and an area allows: PROT_READ, PROT_WRITE, PROT_EXEC of Linux. */
export const Protection = { none: 0, read: 1, write: 2, execute: 4 } as const;

/** Bytes that pages of an area begin with. */
export interface FileBacking {
  /** The file's bytes, read when a page is first touched. */
  readonly contents: () => Uint8Array;
  /** Page at which offset `offset` of the file is mapped. */
  readonly origin: number;
  readonly offset: number;
  /** Offset from which on pages are zero; Infinity for the end of the file. */
  readonly end: number;
}

/** Frames that several address spaces map (MAP_SHARED without a file), by page from `origin` on. */
export interface SharedBacking {
  readonly frames: Map<number, number>;
  /** Areas that use it. */
  users: number;
}

/** Pages [start, end) of an address space that are mapped alike: a Linux VMA. */
export interface Area {
  readonly start: number;
  readonly end: number;
  /** Protection bits. */
  readonly protection: number;
  readonly name: string;
  readonly file?: FileBacking;
  readonly shared?: { readonly backing: SharedBacking; readonly origin: number };
}

/** The areas of an address space: sorted, and none overlaps another. */
export class AreaList {
  #areas: Area[] = [];
  #latest: Area | undefined;

  [Symbol.iterator](): IterableIterator<Area> {
    return this.#areas[Symbol.iterator]();
  }

  get count(): number {
    return this.#areas.length;
  }
  get pages(): number {
    return this.#areas.reduce((pages, area) => pages + area.end - area.start, 0);
  }

  find(page: number): Area | undefined {
    const latest = this.#latest;
    if (latest !== undefined && page >= latest.start && page < latest.end) return latest;
    const found = this.#areas.find((area) => page >= area.start && page < area.end);
    this.#latest = found;
    return found;
  }

  isFree(start: number, end: number): boolean {
    return this.#areas.every((area) => area.end <= start || area.start >= end);
  }

  /** True when every page of [start, end) is in an area. */
  covers(start: number, end: number): boolean {
    let next = start;
    for (const area of this.#areas) {
      if (area.start > next) break;
      if (area.end > next) next = area.end;
    }
    return next >= end;
  }

  /** Highest free place of this many pages below `top`; undefined if there is none above `bottom`. */
  findFree(pages: number, bottom: number, top: number): number | undefined {
    let end = top;
    for (let index = this.#areas.length - 1; index >= 0; index--) {
      const area = this.#areas[index]!;
      if (area.start >= top) continue;
      if (end - area.end >= pages) break;
      end = Math.min(end, area.start);
    }
    return end - pages >= bottom ? end - pages : undefined;
  }

  /** Adds an area where nothing is mapped, joined to a neighbour of the same kind. */
  add(area: Area): void {
    this.#latest = undefined;
    const index = this.#areas.findIndex((other) => other.start >= area.end);
    const at = index < 0 ? this.#areas.length : index;
    const before = this.#areas[at - 1];
    if (before?.end === area.start && isAlike(before, area)) this.#areas[at - 1] = { ...before, end: area.end };
    else this.#areas.splice(at, 0, area);
  }

  /** Takes [start, end) out, and gives the pieces that were there. */
  remove(start: number, end: number): Area[] {
    this.#latest = undefined;
    const removed: Area[] = [];
    this.#areas = this.#areas.flatMap((area) => {
      if (area.end <= start || area.start >= end) return [area];
      removed.push({ ...area, start: Math.max(area.start, start), end: Math.min(area.end, end) });
      const left = area.start < start ? [{ ...area, end: start }] : [];
      const right = area.end > end ? [{ ...area, start: end }] : [];
      if (area.shared) area.shared.backing.users += left.length + right.length;
      return [...left, ...right];
    });
    return removed;
  }
}

function isAlike(a: Area, b: Area): boolean {
  return a.protection === b.protection && a.name === b.name && !a.file && !b.file && !a.shared && !b.shared;
}
