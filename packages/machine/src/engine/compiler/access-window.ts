import type { AccessWidth, DecodedInstruction } from '@worldswitch/isa';
import { edgesOf, type Region } from './discover.ts';
import { shapeOf } from './row-shape.ts';

/**
 * Accesses at constant distances from the same unchanged register share one check: stack frames, fields of a record. A window
 * is the stretch of addresses from the lowest of them to the highest; where all of it is one page of the translation table, or
 * lies in RAM when addresses are physical, the accesses need no check of their own. It holds until the register is written, a
 * guest call is made, or control may have come another way.
 */
export interface AccessWindow {
  /** Guest register. */
  readonly base: number;
  /** Distances from the register: all accesses lie in [low, high). */
  readonly low: number;
  readonly high: number;
  /** Stores are covered, not loads alone: whatever may be written may be read. */
  readonly isStore: boolean;
  /** Local variable (i32): the place in the machine's memory of `low`, without RAM's own offset where addresses are physical. */
  readonly local: number;
}

/** Bytes that a window spans at most: far below a page, so that it seldom lies across two. */
const MAX_SPAN = 1024;
/** Instructions that are looked at for accesses that might share a window. */
const MAX_LOOKAHEAD = 160;

/** An access of the form register plus constant. */
interface PlainAccess {
  readonly base: number;
  readonly offset: number;
  readonly width: AccessWidth;
  readonly isStore: boolean;
}

function plainAccessOf(decoded: DecodedInstruction): PlainAccess | undefined {
  const { access } = shapeOf(decoded.instruction);
  if (!access || decoded[access.base] === 0) return undefined;
  return {
    base: decoded[access.base],
    offset: access.hasImmediate ? decoded.imm : 0,
    width: access.width,
    isStore: access.isStore,
  };
}

export interface WindowExtent {
  low: number;
  high: number;
  /** Accesses in the window. */
  count: number;
}

/**
 * The window that would cover an access and what follows it: accesses of the same kind by the same register in this block and
 * the continuations of it.
 */
export function extentOfWindow(
  region: Region,
  block: number,
  instruction: number,
  isContinuation: (block: number) => boolean,
): WindowExtent | undefined {
  const first = plainAccessOf(region.blocks[block]!.instructions[instruction]!.decoded);
  if (!first) return undefined;
  const extent = { low: first.offset, high: first.offset + first.width, count: 0 };
  let budget = MAX_LOOKAHEAD;
  const visit = (index: number, from: number): void => {
    const { instructions, end } = region.blocks[index]!;
    for (let position = from; position < instructions.length; position++) {
      if (budget-- <= 0) return;
      const { decoded, plainCsr } = instructions[position]!;
      const access = plainAccessOf(decoded);
      if (access && access.base === first.base && access.isStore === first.isStore) {
        const low = Math.min(extent.low, access.offset);
        const high = Math.max(extent.high, access.offset + access.width);
        if (high - low <= MAX_SPAN) {
          extent.low = low;
          extent.high = high;
          extent.count++;
        }
      }
      if (decoded.rd === first.base && (plainCsr || shapeOf(decoded.instruction).writesX)) return;
    }
    if (end.kind === 'call') return;
    for (const edge of edgesOf(region.blocks[index]!)) {
      if ('block' in edge && isContinuation(edge.block)) visit(edge.block, 0);
    }
  };
  visit(block, instruction);
  return extent;
}
