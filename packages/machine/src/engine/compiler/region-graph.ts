import { type Block, type Edge, edgesOf, type Region } from './discover.ts';

/** The blocks of the region to which control goes from a block. */
export function successorsOf(block: Block): readonly number[] {
  return edgesOf(block).flatMap((edge) => ('block' in edge ? [edge.block] : []));
}

/** The region of those blocks that are reachable from `entry`, which comes first. */
export function regionOf(all: readonly Block[], entry: number): Region {
  const reachable = [entry];
  const indices = new Map([[entry, 0]]);
  for (const block of reachable) {
    for (const successor of successorsOf(all[block]!)) {
      if (indices.has(successor)) continue;
      indices.set(successor, reachable.length);
      reachable.push(successor);
    }
  }
  const blocks = reachable.map((block) => withEdges(all[block]!, (target) => indices.get(target)!));
  return { blocks, instructionCount: blocks.reduce((sum, { instructions }) => sum + instructions.length, 0) };
}

/** The block with the blocks that it leads to replaced. */
export function withEdges(block: Block, redirect: (block: number) => number): Block {
  const changed = (edge: Edge): Edge => ('block' in edge ? { block: redirect(edge.block) } : edge);
  const redirected = ({ block: target }: { readonly block: number }) => ({ block: redirect(target) });
  const { end } = block;
  switch (end.kind) {
    case 'goto':
      return { ...block, end: { ...end, to: changed(end.to) } };
    case 'branch':
      return { ...block, end: { ...end, taken: changed(end.taken), fallThrough: changed(end.fallThrough) } };
    case 'indirect':
      return {
        ...block,
        end: { ...end, targets: end.targets.map(redirected) },
      };
    case 'call':
      return { ...block, end: { ...end, returnTo: changed(end.returnTo) } };
    case 'windows':
      return { ...block, end: { ...end, covered: redirected(end.covered), alone: redirected(end.alone) } };
    default:
      return block;
  }
}
