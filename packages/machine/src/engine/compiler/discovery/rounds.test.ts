import { defaultInstructionSet } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createPlainCsrLookup } from '../../plain-csr.ts';
import { discoverRegion, type Region } from './discover.ts';
import { successorsOf } from './region-graph.ts';
import { withRounds } from './rounds.ts';

const set = defaultInstructionSet();

function regionOf(words: readonly number[]): Region {
  const decode = (offset: number) => (words[offset / 4] === undefined ? undefined : set.decode(words[offset / 4]!));
  return discoverRegion(0, decode, createPlainCsrLookup(set));
}

/** Places that a walk comes by, at each branch of which `choose` says which way it goes. */
function walk({ blocks }: Region, length: number, choose: (step: number) => number): number[] {
  const places: number[] = [];
  let block = 0;
  for (let step = 0; places.length < length; ) {
    const { instructions, end } = blocks[block]!;
    for (const { offset } of instructions) places.push(offset);
    const ways = successorsOf(blocks[block]!);
    if (ways.length === 0) break;
    // Whether windows are translated is for nobody to see.
    block = ways[end.kind === 'windows' ? step % 2 : ways.length > 1 ? choose(step++) : 0]!;
  }
  return places.slice(0, length);
}

const copyLoop = [
  0x00053283, // ld t0,0(a0)
  0x0055b023, // sd t0,0(a1)
  0x00850513, // addi a0,a0,8
  0x00858593, // addi a1,a1,8
  0xfec518e3, // bne a0,a2,-16
  0x00000073, // ecall
];
/** Leaves in the middle: lbu t0,0(a0); beqz t0,+16; addi a0,a0,1; addi a1,a1,-1; bnez a1,-16; ecall. */
const searchLoop = [0x00054283, 0x00028863, 0x00150513, 0xfff58593, 0xfe0598e3, 0x00000073];

describe('small loops', () => {
  it('share one check for the accesses of several rounds', () => {
    const { blocks } = withRounds(regionOf(copyLoop), true);
    const windows = blocks.flatMap(({ end }) => (end.kind === 'windows' ? end.windows : []));
    expect(windows).toEqual([
      { base: 10, low: 0, high: 32, isStore: false, count: 4 },
      { base: 11, low: 0, high: 32, isStore: true, count: 4 },
    ]);
  });

  it('stay as they are when they are long', () => {
    const long = regionOf([...new Array<number>(30).fill(0x00150513), 0xf8c514e3, 0x00000073]);
    expect(withRounds(long, true)).toBe(long);
  });

  it.each([
    ['a copy', copyLoop],
    ['a search', searchLoop],
  ])('go the same ways as before: %s', (_, words) => {
    const region = regionOf(words);
    for (const isTranslated of [false, true]) {
      const written = withRounds(region, isTranslated);
      expect(written.blocks.length).toBeGreaterThan(region.blocks.length + 2);
      for (let seed = 0; seed < 64; seed++) {
        const choose = (step: number): number => Number(Math.imul(seed + 1, 0x9e3779b1) >>> (step % 32)) & 1;
        expect(walk(written, 200, choose)).toEqual(walk(region, 200, choose));
      }
    }
  });
});
