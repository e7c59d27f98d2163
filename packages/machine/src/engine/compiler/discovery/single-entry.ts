import type { Block, Region } from './discover.ts';
import { regionOf, successorsOf, withEdges } from './region-graph.ts';

/** Instructions that copies may add to a region. */
const MAX_COPIED_INSTRUCTIONS = 128;

/**
 * Gives loops that are entered at several places one entry, where few copies do: each way in but that to the loop's header goes
 * over copies of the blocks up to the header: all of them, or none. A region that begins in the middle of a loop is of this kind: its first round runs
 * in copies. What remains is left to the dispatch node of structure.ts, which costs a jump through a table for each round.
 */
export function withSingleEntries(region: Region): Region {
  return new LoopSplitter(region).split();
}

class LoopSplitter {
  readonly #region: Region;
  readonly #blocks: Block[];
  #entry = 0;
  #copied = 0;
  #isSplit = true;

  constructor(region: Region) {
    this.#region = region;
    this.#blocks = [...region.blocks];
  }

  split(): Region {
    this.#resolve(this.#blocks.map((_, index) => index));
    return this.#isSplit && this.#blocks.length > this.#region.blocks.length
      ? regionOf(this.#blocks, this.#entry)
      : this.#region;
  }

  #successors(block: number): readonly number[] {
    return successorsOf(this.#blocks[block]!);
  }

  /** Looks at the loops among these blocks, and then at the loops inside of them. */
  #resolve(scope: readonly number[]): void {
    for (const component of this.#components(scope)) {
      const inside = new Set(component);
      const ways = this.#blocks.map(() => 0);
      const entries = new Set<number>();
      for (const [block] of this.#blocks.entries()) {
        for (const successor of this.#successors(block)) {
          if (!inside.has(successor)) continue;
          if (inside.has(block)) ways[successor]!++;
          else entries.add(successor);
        }
      }
      if (inside.has(this.#entry)) entries.add(this.#entry);
      let header = -1;
      for (const entry of entries) if (header < 0 || ways[entry]! > ways[header]!) header = entry;
      // What nothing leads to any more is no loop.
      if (header < 0) continue;
      if (entries.size > 1) {
        const copies = this.#copyTo(header, entries, inside);
        if (!copies) {
          this.#isSplit = false;
          return;
        }
        this.#resolve(copies);
      }
      this.#resolve(component.filter((block) => block !== header));
    }
  }

  /** Leads all ways in to the header, over copies. Returns the copies; undefined when they would be too many. */
  #copyTo(header: number, entries: ReadonlySet<number>, inside: ReadonlySet<number>): readonly number[] | undefined {
    const originals = new Set([...entries].filter((entry) => entry !== header));
    for (const block of originals) {
      for (const successor of this.#successors(block)) {
        if (inside.has(successor) && successor !== header) originals.add(successor);
      }
    }
    let count = 0;
    for (const block of originals) count += this.#blocks[block]!.instructions.length;
    this.#copied += count;
    if (this.#copied > MAX_COPIED_INSTRUCTIONS) return undefined;
    const copyOf = new Map([...originals].map((block, index) => [block, this.#blocks.length + index]));
    const redirect = (block: number): number => copyOf.get(block) ?? block;
    const before = this.#blocks.length;
    for (const block of originals) this.#blocks.push(withEdges(this.#blocks[block]!, redirect));
    for (let block = 0; block < before; block++) {
      if (!inside.has(block)) this.#blocks[block] = withEdges(this.#blocks[block]!, redirect);
    }
    this.#entry = redirect(this.#entry);
    return [...copyOf.values()];
  }

  /** Strongly connected components of more than one block (R. Tarjan), with edges inside the scope alone. */
  #components(scope: readonly number[]): readonly (readonly number[])[] {
    const inScope = new Set(scope);
    const found: number[][] = [];
    const order = new Map<number, number>();
    const low = new Map<number, number>();
    const onStack = new Set<number>();
    const stack: number[] = [];
    const visit = (block: number): void => {
      order.set(block, order.size);
      low.set(block, order.get(block)!);
      stack.push(block);
      onStack.add(block);
      for (const successor of this.#successors(block)) {
        if (!inScope.has(successor)) continue;
        if (!order.has(successor)) {
          visit(successor);
          low.set(block, Math.min(low.get(block)!, low.get(successor)!));
        } else if (onStack.has(successor)) low.set(block, Math.min(low.get(block)!, order.get(successor)!));
      }
      if (low.get(block) !== order.get(block)) return;
      const component: number[] = [];
      for (;;) {
        const member = stack.pop()!;
        onStack.delete(member);
        component.push(member);
        if (member === block) break;
      }
      if (component.length > 1) found.push(component);
    };
    for (const block of scope) if (!order.has(block)) visit(block);
    return found;
  }
}
