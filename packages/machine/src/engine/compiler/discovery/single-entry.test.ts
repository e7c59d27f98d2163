/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { type Block, edgesOf, type Region } from './discover.ts';
import { withSingleEntries } from './single-entry.ts';

function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

const instructions: Block['instructions'] = [];

function regionOf(successors: readonly (readonly number[])[]): Region {
  const blocks = successors.map((targets, index): Block => {
    const [first, second] = targets;
    if (first === undefined) return { offset: index, instructions, end: { kind: 'step', offset: index } };
    if (second === undefined) return { offset: index, instructions, end: { kind: 'goto', to: { block: first } } };
    const end = { kind: 'branch', taken: { block: first }, fallThrough: { block: second } } as const;
    return { offset: index, instructions, end };
  });
  return { blocks, instructionCount: 0 };
}

const blocksAfter = ({ blocks }: Region, block: number): number[] =>
  edgesOf(blocks[block]!).flatMap((edge) => ('block' in edge ? [edge.block] : []));

/** Whether no loop that can be reached is entered at several places, by T1-T2 reduction. */
function isReducible(region: Region): boolean {
  const reachable = new Set([0]);
  for (const block of reachable) for (const next of blocksAfter(region, block)) reachable.add(next);
  let successors = new Map([...reachable].map((index) => [index, new Set(blocksAfter(region, index))]));
  for (;;) {
    for (const [node, targets] of successors) targets.delete(node);
    let merged: [number, number] | undefined;
    for (const node of successors.keys()) {
      const sources = [...successors].filter(([, targets]) => targets.has(node)).map(([source]) => source);
      if (node !== 0 && sources.length === 1) merged = [sources[0]!, node];
    }
    if (!merged) return successors.size === 1;
    const [into, gone] = merged;
    const next = new Map([...successors].filter(([node]) => node !== gone));
    next.get(into)!.delete(gone);
    for (const target of successors.get(gone)!) next.get(into)!.add(target);
    successors = next;
  }
}

describe('loops that are entered at several places', () => {
  const seed = Number(process.env.WORLDSWITCH_SEED);
  it(`get one entry, and every way through the graph stays (seed ${seed})`, () => {
    const random = randomSource(seed);
    let irreducible = 0;
    for (let round = 0; round < 150; round++) {
      const count = 2 + (random() % 9);
      const region = regionOf(
        Array.from({ length: count }, () => Array.from({ length: random() % 3 }, () => random() % count)),
      );
      const split = withSingleEntries(region);
      for (let walk = 0; walk < 20; walk++) {
        let [before, after] = [0, 0];
        for (let step = 0; step < 40; step++) {
          expect(split.blocks[after]!.offset).toBe(region.blocks[before]!.offset);
          const [old, now] = [blocksAfter(region, before), blocksAfter(split, after)];
          expect(now.length).toBe(old.length);
          if (old.length === 0) break;
          const choice = random() % old.length;
          [before, after] = [old[choice]!, now[choice]!];
        }
      }
      if (isReducible(split)) continue;
      irreducible++;
    }
    expect(irreducible).toBe(0);
  });

  it('run their first round in copies when the region begins inside', () => {
    // 0 is inside the loop of header 1, which three blocks lead to, and another way leads into it at 2.
    const region = regionOf([[5, 3], [0, 4], [1], [1], [1], [0, 2]]);
    const { blocks } = withSingleEntries(region);
    expect(isReducible({ blocks, instructionCount: 0 })).toBe(true);
    expect(blocks.length).toBeGreaterThanOrEqual(region.blocks.length);
  });
});
