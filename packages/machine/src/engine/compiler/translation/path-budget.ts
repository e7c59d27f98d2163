import { edgesOf, type Region } from '../discovery/discover.ts';
import { type FunctionWriter, Op } from '../emission/emit.ts';
import type { Path } from './path.ts';

/** Instructions that one comparison with the budget covers: what has to be stepped at most where it does not suffice. */
const MAX_LOOKAHEAD = 96;

/** The region's counter: what the budget is compared with, and what is taken from it where a path ends. */
export class PathBudget {
  readonly #writer: FunctionWriter;
  /** Local variable: its low half is the budget, its high half data accesses. */
  readonly #counter: number;
  readonly #region: Region;
  readonly #longest: number[] = [];

  constructor(writer: FunctionWriter, counter: number, region: Region) {
    this.#writer = writer;
    this.#counter = counter;
    this.#region = region;
  }

  /** Whether the budget was seen to suffice for the block already. */
  suffices(path: Path, block: number): boolean {
    return path.budget >= this.#count(block);
  }

  /** Pushes whether the budget falls short of the block and of those that follow it and no other, and takes for granted that not. */
  pushFallsShort(path: Path, block: number, isContinuation: (block: number) => boolean): void {
    if (path.instructions > MAX_LOOKAHEAD || path.accesses > MAX_LOOKAHEAD) this.flush(path);
    path.budget = Math.max(Math.min(this.#longestPath(block, isContinuation), MAX_LOOKAHEAD), this.#count(block));
    this.#writer
      .get(this.#counter)
      .op(Op.i32WrapI64)
      .i32(path.budget + path.instructions)
      .op(Op.i32LtS);
  }

  /** Takes what was executed from the counter. */
  flush(path: Path): void {
    this.pushCounter(path);
    if (path.instructions + path.accesses === 0) this.#writer.op(Op.drop);
    else this.#writer.set(this.#counter);
    path.instructions = 0;
    path.accesses = 0;
  }

  /** Pushes the counter without what was executed. */
  pushCounter({ instructions, accesses }: Path): void {
    this.#writer.get(this.#counter);
    if (instructions + accesses > 0) {
      this.#writer.i64((BigInt(accesses) << 32n) - BigInt(instructions)).op(Op.i64Add);
    }
  }

  #count(block: number): number {
    return this.#region.blocks[block]!.instructions.length;
  }

  /** Instructions from the start of a block on the longest way through blocks that are continuations of it. */
  #longestPath(index: number, isContinuation: (block: number) => boolean): number {
    const known = this.#longest[index];
    if (known !== undefined) return known;
    const block = this.#region.blocks[index]!;
    let after = 0;
    if (block.end.kind !== 'call') {
      for (const edge of edgesOf(block)) {
        if ('block' in edge && isContinuation(edge.block))
          after = Math.max(after, this.#longestPath(edge.block, isContinuation));
      }
    }
    this.#longest[index] = block.instructions.length + after;
    return this.#longest[index];
  }
}
