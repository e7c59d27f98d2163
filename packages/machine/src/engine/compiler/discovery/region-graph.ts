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

/** Blocks from which control can come back to them without a guest call on the way: those of loops that call nothing. */
export function blocksInLoops({ blocks }: Region): ReadonlySet<number> {
  const successors = blocks.map((block) => (block.end.kind === 'call' ? [] : successorsOf(block)));
  // Strongly connected components (Tarjan 1972), without recursion: regions may be long.
  const found = new Set<number>();
  const order = new Array<number>(blocks.length).fill(-1);
  const lowest = new Array<number>(blocks.length).fill(0);
  const isOpen = new Array<boolean>(blocks.length).fill(false);
  const open: number[] = [];
  let visited = 0;
  const enter = (block: number): { readonly block: number; next: number } => {
    order[block] = lowest[block] = visited++;
    isOpen[block] = true;
    open.push(block);
    return { block, next: 0 };
  };
  for (const root of blocks.keys()) {
    if (order[root]! >= 0) continue;
    const path = [enter(root)];
    while (path.length > 0) {
      const at = path[path.length - 1]!;
      const { block } = at;
      const successor = successors[block]![at.next++];
      if (successor !== undefined) {
        if (order[successor]! < 0) path.push(enter(successor));
        else if (isOpen[successor]) lowest[block] = Math.min(lowest[block]!, order[successor]!);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1]?.block;
      if (parent !== undefined) lowest[parent] = Math.min(lowest[parent]!, lowest[block]!);
      if (lowest[block] !== order[block]) continue;
      const members = open.splice(open.indexOf(block));
      for (const member of members) isOpen[member] = false;
      if (members.length > 1 || successors[block]!.includes(block)) for (const member of members) found.add(member);
    }
  }
  return found;
}
