import { windowsFrom } from '../translation/access-window.ts';
import type { Block, PlacedInstruction, Region } from './discover.ts';
import { regionOf, successorsOf, withEdges } from './region-graph.ts';
import { shapeOf } from './row-shape.ts';

/** Instructions of a loop that is written several times over, at most, and of all its rounds. */
const MAX_LOOP = 14;
const MAX_ROUNDS_LENGTH = 44;
const MAX_ROUNDS = 4;
/** Instructions that copies may add to a region. */
const MAX_COPIED_INSTRUCTIONS = 192;
/** Accesses of several rounds that must share a window, and the bytes that it may span. */
const MIN_WINDOW_ACCESSES = 3;
const MAX_WINDOW_SPAN = 256;

/**
 * Writes the small loop in which a region begins several times over, so that a few rounds share what each one pays for: the look at the budget, and the
 * checks of accesses that move with the rounds. A loop most of whose accesses do not move by constants stays as it is. Where addresses are translated, these stand before the rounds; when they fail,
 * as at the end of a page, a round is done for itself.
 */
export function withRounds(region: Region, isTranslated: boolean): Region {
  const blocks = [...region.blocks];
  let left = MAX_COPIED_INSTRUCTIONS;
  for (const loop of innermostLoops(region)) {
    const { header, members, length } = loop;
    // Where a region begins was visited often; other loops in it may be left after a round or two.
    if (length > MAX_LOOP || !members.some((block) => region.blocks[block]!.offset === region.blocks[0]!.offset))
      continue;
    const rounds = Math.min(MAX_ROUNDS, Math.floor(MAX_ROUNDS_LENGTH / length));
    if (length * rounds > left) continue;
    const copy = (next: (of: ReadonlyMap<number, number>) => number): ReadonlyMap<number, number> => {
      const copies = new Map(members.map((block, index) => [block, blocks.length + index]));
      for (const block of members) {
        const redirect = (to: number): number => (to === header ? next(copies) : (copies.get(to) ?? to));
        blocks.push(withEdges(region.blocks[block]!, redirect));
      }
      return copies;
    };
    const start = blocks.length;
    for (let round = 0; round < rounds; round++) {
      // Copies of a round have their places one after the other.
      const next = round === rounds - 1 ? header : start + members.length * (round + 1) + members.indexOf(header);
      copy(() => next);
    }
    const first = start + members.indexOf(header);
    const isContinuation = continuationsIn(blocks);
    const windows = windowsFrom(
      { blocks, instructionCount: 0 },
      first,
      MIN_WINDOW_ACCESSES,
      MAX_WINDOW_SPAN,
      isContinuation,
    );
    const accesses = members.flatMap((block) => region.blocks[block]!.instructions.filter(isAccess)).length;
    const covered = windows.reduce((sum, { count }) => sum + count, 0);
    if (2 * covered < rounds * accesses) {
      blocks.length = start;
      continue;
    }
    const { offset } = region.blocks[header]!;
    left -= length * rounds;
    if (windows.length === 0 || !isTranslated) {
      blocks[header] = { offset, instructions: [], end: { kind: 'goto', to: { block: first } } };
      continue;
    }
    const alone = copy(() => header).get(header)!;
    const end = { kind: 'windows', windows, covered: { block: first }, alone: { block: alone } } as const;
    blocks[header] = { offset, instructions: [], end };
  }
  if (left === MAX_COPIED_INSTRUCTIONS) return region;
  return regionOf(blocks, 0);
}

interface Loop {
  readonly header: number;
  readonly members: readonly number[];
  /** Instructions of one round, at most. */
  readonly length: number;
}

/** Loops without loops in them that have one entry and one way back, and leave the region nowhere but by going on. */
function innermostLoops({ blocks }: Region): readonly Loop[] {
  const predecessors: number[][] = blocks.map(() => []);
  for (const [index, block] of blocks.entries()) {
    for (const successor of successorsOf(block)) predecessors[successor]!.push(index);
  }
  const found: Loop[] = [];
  for (const [header, sources] of predecessors.entries()) {
    for (const last of sources) {
      const loop = loopFrom(blocks, predecessors, header, last);
      if (!loop) continue;
      found.push(loop);
      break;
    }
  }
  return found;
}

/** The loop that an edge closes: what leads to `last` without passing `header`. All entries of it lead through its header. */
function loopFrom(
  blocks: readonly Block[],
  predecessors: readonly (readonly number[])[],
  header: number,
  last: number,
): Loop | undefined {
  const members = new Set([header, last]);
  let length = 0;
  for (const block of members) {
    length += blocks[block]!.instructions.length;
    if (length > MAX_LOOP || !isSimple(blocks[block]!) || (block === 0 && header !== 0)) return undefined;
    if (block !== header) for (const source of predecessors[block]!) members.add(source);
  }
  const inside = [...members];
  const isBack = (block: number): boolean => successorsOf(blocks[block]!).includes(header);
  if (inside.filter(isBack).length !== 1) return undefined;
  // What is left without the header has to come to an end.
  const rest = new Set(inside.filter((block) => block !== header));
  while (rest.size > 0) {
    const end = [...rest].find((block) => !successorsOf(blocks[block]!).some((successor) => rest.has(successor)));
    if (end === undefined) return undefined;
    rest.delete(end);
  }
  return { header, members: inside, length };
}

const isAccess = ({ decoded }: PlacedInstruction): boolean => shapeOf(decoded.instruction).accesses > 0;

const isSimple = ({ end }: Block): boolean => end.kind === 'goto' || end.kind === 'branch';

/** Which blocks are reached from one place alone. */
function continuationsIn(blocks: readonly Block[]): (block: number) => boolean {
  const ways = blocks.map(() => 0);
  for (const block of blocks) for (const successor of successorsOf(block)) ways[successor]!++;
  return (block) => block !== 0 && ways[block] === 1;
}
