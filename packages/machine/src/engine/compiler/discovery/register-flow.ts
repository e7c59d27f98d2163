import { type Block, edgesOf, type PlacedInstruction, type Region } from './discover.ts';
import {
  ALL_REGISTERS,
  difference,
  intersection,
  isEqual,
  NO_REGISTERS,
  type RegisterSet,
  union,
} from './register-set.ts';
import { shapeOf } from './row-shape.ts';
import { wordsAfter } from './word-values.ts';

/** What is known of the registers where a block begins. */
export interface RegisterState {
  /** May differ from what the hart context holds: to be stored where the function is left. */
  readonly dirty: RegisterSet;
  /** Read before they are written, or to be stored while only some ways wrote them: to be loaded where locals are stale. */
  readonly live: RegisterSet;
  /** The local variable holds the register's value, whichever way control came. */
  readonly valid: RegisterSet;
  /** Integer registers that hold words (word-values.ts), whichever way control came: a bit each. */
  readonly words: number;
}

/** What an instruction reads and writes. */
export interface RegisterUse {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  /** It may leave the function before it has done anything. */
  readonly mayLeave: boolean;
}

const bit = (register: number): number => (1 << register) & ~1;

export function registerUse({ decoded, plainCsr }: PlacedInstruction): RegisterUse {
  if (plainCsr) {
    const source = 'register' in plainCsr.source ? bit(plainCsr.source.register) : 0;
    return { reads: { x: source, f: 0 }, writes: { x: bit(decoded.rd), f: 0 }, mayLeave: true };
  }
  const shape = shapeOf(decoded.instruction);
  let x = 0;
  let f = 0;
  for (const operand of shape.readsX) x |= bit(decoded[operand]);
  for (const operand of shape.readsF) f |= 1 << decoded[operand];
  return {
    reads: { x, f },
    writes: { x: shape.writesX ? bit(decoded.rd) : 0, f: shape.writesF ? 1 << decoded.rd : 0 },
    mayLeave: shape.accesses > 0 || shape.floats !== undefined,
  };
}

/** Whether a block's end may leave the function with its registers as they are there. */
function mayEndLeave(block: Block): boolean {
  const { end } = block;
  if (end.kind === 'call') return true;
  return end.kind === 'indirect' || edgesOf(block).some((edge) => 'offset' in edge) || edgesOf(block).length === 0;
}

/**
 * Which registers are dirty, live and valid at the start of each block of a region. Around a guest call all dirty registers are
 * stored, and those live behind it loaded.
 */
export function analyseRegisters({ blocks }: Region): readonly RegisterState[] {
  const uses = blocks.map((block) => block.instructions.map(registerUse));
  const successors = blocks.map((block) => edgesOf(block).flatMap((edge) => ('block' in edge ? [edge.block] : [])));
  const isCall = blocks.map((block) => block.end.kind === 'call');
  const writes = uses.map((use) => use.reduce((sum, each) => union(sum, each.writes), NO_REGISTERS));

  const dirty = blocks.map(() => NO_REGISTERS);
  repeat(() => {
    let isChanged = false;
    for (const [index] of blocks.entries()) {
      if (isCall[index]) continue;
      const out = union(dirty[index]!, writes[index]!);
      for (const successor of successors[index]!) {
        const merged = union(dirty[successor]!, out);
        if (isEqual(merged, dirty[successor]!)) continue;
        dirty[successor] = merged;
        isChanged = true;
      }
    }
    return isChanged;
  });

  const live = blocks.map((_, index) => dirty[index]!);
  // What is read before it is written, and what survives the block, do not change.
  const local = blocks.map((block, index) => {
    let written = NO_REGISTERS;
    let used = NO_REGISTERS;
    for (const use of uses[index]!) {
      used = union(used, difference(use.reads, written));
      if (use.mayLeave) used = union(used, difference(dirty[index]!, written));
      written = union(written, use.writes);
    }
    if (mayEndLeave(block)) used = union(used, difference(dirty[index]!, written));
    return used;
  });
  repeat(() => {
    let isChanged = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      let out = NO_REGISTERS;
      if (!isCall[index]) for (const successor of successors[index]!) out = union(out, live[successor]!);
      const merged = union(live[index]!, union(local[index]!, difference(out, writes[index]!)));
      if (isEqual(merged, live[index]!)) continue;
      live[index] = merged;
      isChanged = true;
    }
    return isChanged;
  });

  const valid = blocks.map((_, index) => (index === 0 ? live[0]! : ALL_REGISTERS));
  repeat(() => {
    let isChanged = false;
    for (const [index] of blocks.entries()) {
      const out = union(valid[index]!, writes[index]!);
      for (const successor of successors[index]!) {
        const merged = intersection(valid[successor]!, isCall[index] ? live[successor]! : out);
        if (isEqual(merged, valid[successor]!)) continue;
        valid[successor] = merged;
        isChanged = true;
      }
    }
    return isChanged;
  });

  const words: number[] = blocks.map((_, index) => (index === 0 ? 0 : -1));
  repeat(() => {
    let isChanged = false;
    for (const [index, { instructions }] of blocks.entries()) {
      let out = isCall[index] ? 0 : words[index]!;
      if (!isCall[index]) for (const instruction of instructions) out = wordsAfter(out, instruction);
      for (const successor of successors[index]!) {
        const merged = words[successor]! & out;
        if (merged === words[successor]) continue;
        words[successor] = merged;
        isChanged = true;
      }
    }
    return isChanged;
  });
  return blocks.map((_, index) => ({
    dirty: dirty[index]!,
    live: live[index]!,
    valid: valid[index]!,
    words: words[index]!,
  }));
}

function repeat(step: () => boolean): void {
  while (step()) {
    // Until nothing changes.
  }
}
