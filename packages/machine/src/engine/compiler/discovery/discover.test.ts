import { assemble, defaultInstructionSet } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { discoverRegion, type JumpTargets, MAX_BLOCK_INSTRUCTIONS } from './discover.ts';

const set = defaultInstructionSet();

function discover(source: string, entry = 0, targetsOf?: JumpTargets) {
  const { bytes } = assemble(source);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return discoverRegion(
    entry,
    (offset) => {
      if (offset + 2 > bytes.length) return undefined;
      const low = view.getUint16(offset, true);
      if ((low & 3) !== 3) return set.decode(low);
      return offset + 4 > bytes.length || offset + 4 > 4096 ? undefined : set.decode(view.getUint32(offset, true));
    },
    () => undefined,
    targetsOf,
  );
}

describe('discoverRegion', () => {
  it('splits a loop at the place that is branched to', () => {
    const { blocks } = discover('.option norvc\nli a0, 5\nagain: addi a0, a0, -1\nbnez a0, again\necall');
    expect(blocks.map(({ offset, end }) => [offset, end])).toEqual([
      [0, { kind: 'goto', to: { block: 1 } }],
      [4, { kind: 'branch', taken: { block: 1 }, fallThrough: { block: 2 } }],
      [12, { kind: 'environmentCall', offset: 12 }],
    ]);
  });

  it('goes on after a call, and not after a return', () => {
    const { blocks } = discover('.option norvc\njal ra, there\nret\nthere: nop');
    expect(blocks.map(({ end }) => end)).toEqual([
      { kind: 'call', to: { offset: 8 }, returnTo: { block: 1 } },
      { kind: 'indirect', targets: [] },
    ]);
  });

  it('leaves what it cannot translate to a step, and cuts long blocks', () => {
    const lines = Array.from({ length: MAX_BLOCK_INSTRUCTIONS + 1 }, () => 'add a0, a0, a1');
    const { blocks, instructionCount } = discover(`.option norvc\n${lines.join('\n')}\nsfence.vma`);
    expect(instructionCount).toBe(MAX_BLOCK_INSTRUCTIONS + 1);
    expect(blocks.map(({ end }) => end.kind)).toEqual(['goto', 'step']);
  });

  it('ends at the end of the page', () => {
    const { blocks } = discover(`.option norvc\n.zero 4088\nnop\nnop\nnop`, 4088);
    expect(blocks.map(({ end }) => end)).toEqual([{ kind: 'goto', to: { offset: 4096 } }]);
  });

  it('goes on where a computed jump was seen to go', () => {
    const { blocks } = discover('.option norvc\njr a5\necall\nebreak', 0, (offset) => (offset === 0 ? [8, 4] : []));
    expect(blocks.map(({ offset, end }) => [offset, end])).toEqual([
      [0, { kind: 'indirect', targets: [{ block: 1 }, { block: 2 }] }],
      [8, { kind: 'step', offset: 8 }],
      [4, { kind: 'environmentCall', offset: 4 }],
    ]);
  });
});
