/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { encodeModule, FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import { writeStructured } from './structure.ts';

function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

/** A random graph in which every node is reachable from node 0. */
function randomGraph(random: () => number): number[][] {
  const count = 1 + (random() % 12);
  const successors = Array.from({ length: count }, () => Array.from({ length: random() % 3 }, () => random() % count));
  for (let node = 1; node < count; node++) {
    const parent = successors[random() % node]!;
    if (parent.length < 2) parent.push(node);
    else parent[random() % 2] = node;
  }
  const reachable: number[] = [0];
  for (const node of reachable) {
    for (const next of successors[node]!) if (!reachable.includes(next)) reachable.push(next);
  }
  return reachable.map((node) => successors[node]!.map((next) => reachable.indexOf(next)));
}

const { i32, i64 } = ValueType;

/**
 * A function (choices, fuel) -> hash of the nodes that it visits: each node takes the low bit of `choices` to choose its
 * successor and shifts it.
 */
function compile(successors: readonly (readonly number[])[]) {
  const writer = new FunctionWriter(2);
  const hash = writer.local(i32);
  writeStructured(
    {
      successors,
      writeNode(node, go) {
        writer
          .get(hash)
          .i32(31)
          .op(Op.i32Mul)
          .i32(node + 1)
          .op(Op.i32Add)
          .set(hash);
        writer.get(1).i32(1).op(Op.i32Sub).tee(1).op(Op.i32Eqz).open(Op.if);
        writer.get(hash).op(Op.return).close();
        if (successors[node]!.length === 0) writer.get(hash).op(Op.return);
        else if (successors[node]!.length === 1) go(0);
        else {
          writer.get(0).i64(1).op(Op.i64And).get(0).i64(63).op(Op.i64Rotl).set(0).op(Op.i32WrapI64).open(Op.if);
          go(1);
          writer.otherwise();
          go(0);
          writer.close();
        }
      },
    },
    writer,
  );
  const bytes = encodeModule({
    types: [{ parameters: [i64, i32], results: [i32] }],
    imports: [],
    functions: [{ type: 0, body: writer, exportAs: 'run' }],
  });
  const env = { memory: new WebAssembly.Memory({ initial: 1 }) };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return instance.exports.run as (choices: bigint, fuel: number) => number;
}

function walk(successors: readonly (readonly number[])[], choices: bigint, fuel: number): number {
  const bits = Array.from({ length: 64 }, (_, bit) => Number((choices >> BigInt(bit)) & 1n));
  let taken = 0;
  let hash = 0;
  let node = 0;
  for (let rest = fuel; ; ) {
    hash = (Math.imul(hash, 31) + node + 1) | 0;
    const next = successors[node]!;
    if (--rest === 0 || next.length === 0) return hash;
    if (next.length === 1) node = next[0]!;
    else node = next[bits[taken++ & 63]!]!;
  }
}

describe('writeStructured', () => {
  const seed = Number(process.env.WORLDSWITCH_SEED);
  it(`visits the nodes that the graph says, reducible or not (seed ${seed})`, () => {
    const random = randomSource(seed);
    for (let graph = 0; graph < 400; graph++) {
      const successors = randomGraph(random);
      const run = compile(successors);
      for (let trial = 0; trial < 10; trial++) {
        const choices = (BigInt(random()) << 40n) | (BigInt(random()) << 20n) | BigInt(random());
        const fuel = 1 + (random() % 60);
        expect(run(choices, fuel), JSON.stringify(successors)).toBe(walk(successors, choices, fuel));
      }
    }
  });
});
