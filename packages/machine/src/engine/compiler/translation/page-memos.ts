import { blocksInLoops } from '../discovery/region-graph.ts';
import { shapeOf } from '../discovery/row-shape.ts';
import { type FunctionWriter, ValueType } from '../emission/emit.ts';
import type { PageMemo } from './access-context.ts';
import type { PlacedRegion } from './placed-region.ts';

/** Instructions of a region that remember the page they accessed last, at most: more would not stay in machine registers. */
const MAX_PAGE_MEMOS = 12;

/** The pages that accesses in loops remember where addresses are translated. */
export class PageMemos {
  readonly #writer: FunctionWriter;
  /** Blocks whose accesses remember a page. */
  readonly #loops: ReadonlySet<number>;
  /** By instruction; and all, with those still free at the end. */
  readonly #known = new Map<number, PageMemo>();
  readonly #all: readonly PageMemo[];

  constructor(writer: FunctionWriter, { region, physicalSize }: PlacedRegion) {
    this.#writer = writer;
    this.#loops = physicalSize > 0 ? new Set() : blocksInLoops(region);
    const accesses = new Set<number>();
    for (const block of this.#loops) {
      for (const { offset, decoded } of region.blocks[block]!.instructions) {
        if (shapeOf(decoded.instruction).access) accesses.add(offset);
      }
    }
    // All of them are there from the start, as calls forget them whether they come before or after.
    this.#all = Array.from({ length: Math.min(accesses.size, MAX_PAGE_MEMOS) }, () => ({
      tag: writer.local(ValueType.i64),
      addend: writer.local(ValueType.i32),
    }));
  }

  /** Where what runs elsewhere may have changed translations. */
  forget(): void {
    for (const { tag } of this.#all) this.#writer.i64(0).set(tag);
  }

  /** Of the instruction at an offset of the page. */
  at(block: number, offset: number): PageMemo | undefined {
    if (!this.#loops.has(block)) return undefined;
    const known = this.#known.get(offset);
    if (known) return known;
    const memo = this.#all[this.#known.size];
    if (memo) this.#known.set(offset, memo);
    return memo;
  }
}
