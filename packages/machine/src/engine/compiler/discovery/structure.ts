import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';

/**
 * Emits a control-flow graph as nested WebAssembly blocks and loops by its dominator tree (N. Ramsey, "Beyond Relooper",
 * ICFP 2022). Where the graph is irreducible, the blocks that are entered from several places are reached through a dispatch
 * node (a `br_table`), which makes it reducible.
 */
export interface FlowGraph {
  /** Successors by node; node 0 is the entry, and every node is reachable from it. */
  readonly successors: readonly (readonly number[])[];
  /**
   * Writes a node's code. It ends in calls of `go(i)`, one on each path that continues at successor i. `isContinuation` tells of
   * a node whether it is written inside the `go` that leads to it, the only way to it.
   */
  writeNode(node: number, go: (successor: number) => void, isContinuation: (node: number) => boolean): void;
}

/** Writes the whole graph; control never reaches the end of what is written. */
export function writeStructured(graph: FlowGraph, writer: FunctionWriter): void {
  const dispatched = new Set<number>();
  let shape = shapeGraph(graph.successors, dispatched);
  while (shape.misplaced.length > 0) {
    const before = dispatched.size;
    for (const node of shape.misplaced) if (node < graph.successors.length) dispatched.add(node);
    // Only the dispatch node is left: its loop is entered past it, so the loop's other nodes must go through it too.
    if (dispatched.size === before) for (const node of shape.dispatchLoop) dispatched.add(node);
    shape = shapeGraph(graph.successors, dispatched);
  }
  const { order, isMerge, isLoopHeader, children } = shape;
  const dispatchNode = graph.successors.length;
  const dispatchTargets = [...dispatched];
  const selector = dispatched.size > 0 ? writer.local(ValueType.i32) : -1;
  const loopLabels = new Map<number, number>();
  const blockLabels = new Map<number, number>();

  const isContinuation = (node: number): boolean => node !== 0 && !isMerge[node] && !isLoopHeader[node];

  const go = (from: number, to: number): void => {
    if (order[to]! <= order[from]!) writer.br(loopLabels.get(to)!);
    else if (isMerge[to]) writer.br(blockLabels.get(to)!);
    else writeTree(to);
  };
  const writeTree = (node: number): void => {
    const isLoop = isLoopHeader[node] === true;
    if (isLoop) loopLabels.set(node, writer.open(Op.loop));
    const following = children[node]!.filter((child) => isMerge[child]);
    following.sort((a, b) => order[b]! - order[a]!);
    for (const child of following) blockLabels.set(child, writer.open(Op.block));
    if (node === dispatchNode) {
      const labels = dispatchTargets.map((target) =>
        order[target]! <= order[node]! ? loopLabels.get(target)! : blockLabels.get(target)!,
      );
      writer.get(selector).brTable([...labels, labels[0]!]);
    } else {
      const follow = (successor: number): void => {
        const target = graph.successors[node]![successor]!;
        if (dispatched.has(target)) {
          writer.i32(dispatchTargets.indexOf(target)).set(selector);
          go(node, dispatchNode);
        } else go(node, target);
      };
      graph.writeNode(node, follow, isContinuation);
    }
    for (const child of following.reverse()) {
      writer.close();
      writeTree(child);
    }
    if (isLoop) writer.close();
  };
  writeTree(0);
  writer.op(Op.unreachable);
}

interface GraphShape {
  readonly successors: readonly (readonly number[])[];
  /** Position in reverse postorder. */
  readonly order: readonly number[];
  readonly isMerge: readonly boolean[];
  readonly isLoopHeader: readonly boolean[];
  /** Of the dominator tree. */
  readonly children: readonly (readonly number[])[];
  /** Targets of retreating edges that do not dominate the edge's source: what makes the graph irreducible. */
  readonly misplaced: readonly number[];
  /** Nodes of the cycles through the dispatch node that are entered from outside of these cycles. */
  readonly dispatchLoop: readonly number[];
}

function shapeGraph(original: readonly (readonly number[])[], dispatched: ReadonlySet<number>): GraphShape {
  const successors = redirect(original, dispatched);
  const count = successors.length;
  const { sequence, order } = reversePostorder(successors);
  const predecessors: number[][] = Array.from({ length: count }, () => []);
  for (const node of sequence) for (const target of successors[node]!) predecessors[target]!.push(node);
  const dominator = immediateDominators(sequence, order, predecessors);
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (order[node]! > order[a]!) node = dominator[node]!;
    return node === a;
  };
  const isMerge = new Array<boolean>(count).fill(false);
  const isLoopHeader = new Array<boolean>(count).fill(false);
  const children: number[][] = Array.from({ length: count }, () => []);
  const misplaced = new Set<number>();
  for (const node of sequence) {
    if (node !== 0) children[dominator[node]!]!.push(node);
    let forward = 0;
    for (const source of predecessors[node]!) {
      if (order[source]! < order[node]!) forward++;
      else if (dominates(node, source)) isLoopHeader[node] = true;
      else misplaced.add(node);
    }
    isMerge[node] = forward > 1 || dispatched.has(node);
  }
  const dispatchNode = original.length;
  let dispatchLoop: number[] = [];
  if (misplaced.has(dispatchNode)) {
    const header = dominator[dispatchNode]!;
    const isInside = (node: number): boolean => node !== header && dominates(header, node);
    dispatchLoop = loopEntries(dispatchNode, successors, predecessors, isInside);
  }
  return { successors, order, isMerge, isLoopHeader, children, misplaced: [...misplaced], dispatchLoop };
}

/** Nodes on cycles through `node`, of those that are `inside`, that have a predecessor outside of these cycles. */
function loopEntries(
  node: number,
  successors: readonly (readonly number[])[],
  predecessors: readonly (readonly number[])[],
  inside: (node: number) => boolean,
): number[] {
  const reach = (edges: readonly (readonly number[])[]): Set<number> => {
    const found = new Set<number>([node]);
    for (const from of found) for (const to of edges[from]!) if (inside(to)) found.add(to);
    return found;
  };
  const after = reach(successors);
  const before = reach(predecessors);
  const isInLoop = (other: number): boolean => after.has(other) && before.has(other);
  return [...after].filter(
    (other) => other !== node && isInLoop(other) && predecessors[other]!.some((from) => !isInLoop(from)),
  );
}

/** The graph with every edge to a dispatched node leading to an added dispatch node, whose successors these nodes are. */
function redirect(
  original: readonly (readonly number[])[],
  dispatched: ReadonlySet<number>,
): readonly (readonly number[])[] {
  if (dispatched.size === 0) return original;
  const dispatchNode = original.length;
  const successors = original.map((targets) =>
    targets.map((target) => (dispatched.has(target) ? dispatchNode : target)),
  );
  return [...successors, [...dispatched]];
}

function reversePostorder(successors: readonly (readonly number[])[]): { sequence: number[]; order: number[] } {
  const order = new Array<number>(successors.length).fill(-1);
  const sequence: number[] = [];
  const visited = new Array<boolean>(successors.length).fill(false);
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }];
  visited[0] = true;
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const target = successors[top.node]![top.next++];
    if (target === undefined) {
      sequence.push(top.node);
      stack.pop();
    } else if (!visited[target]) {
      visited[target] = true;
      stack.push({ node: target, next: 0 });
    }
  }
  sequence.reverse();
  for (const [position, node] of sequence.entries()) order[node] = position;
  return { sequence, order };
}

/** K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm". */
function immediateDominators(
  sequence: readonly number[],
  order: readonly number[],
  predecessors: readonly (readonly number[])[],
): number[] {
  const dominator = new Array<number>(order.length).fill(-1);
  dominator[0] = 0;
  const intersect = (first: number, second: number): number => {
    let a = first;
    let b = second;
    while (a !== b) {
      while (order[a]! > order[b]!) a = dominator[a]!;
      while (order[b]! > order[a]!) b = dominator[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of sequence) {
      if (node === 0) continue;
      let found = -1;
      for (const source of predecessors[node]!) {
        if (dominator[source] === -1) continue;
        found = found === -1 ? source : intersect(found, source);
      }
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return dominator;
}
