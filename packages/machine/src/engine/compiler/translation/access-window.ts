import type { AccessWidth, DecodedInstruction } from '@worldswitch/isa';
import { edgesOf, type PlacedInstruction, type Region } from '../discovery/discover.ts';
import { shapeOf } from '../discovery/row-shape.ts';

/**
 * Accesses at constant distances from the same register share one check: stack frames, fields of a record, rounds of a loop. A
 * window is the stretch of addresses from the lowest of them to the highest; where all of it is one page of the translation
 * table, or lies in RAM when addresses are physical, the accesses need no check of their own. It holds until the register is
 * written, a guest call is made, or control may have come another way; it moves with a constant that is added to the register,
 * and to registers that it is copied to.
 */
export interface AccessWindow {
  /** Guest register. */
  readonly base: number;
  /** Distances from the register: all accesses lie in [low, high). */
  readonly low: number;
  readonly high: number;
  /** Stores are covered, not loads alone: whatever may be written may be read. */
  readonly isStore: boolean;
  /** The check was passed; otherwise the local variable may be 0. */
  readonly isSure: boolean;
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

/** The register that an instruction writes (0: none), and where its value is another one's plus a constant, that one. */
function writeOf({ decoded, plainCsr }: PlacedInstruction): { to: number; from?: number; distance: number } {
  const { movement, writesX } = shapeOf(decoded.instruction);
  if (plainCsr || !writesX) return { to: plainCsr ? decoded.rd : 0, distance: 0 };
  if (!movement || decoded[movement.from] === 0) return { to: decoded.rd, distance: 0 };
  return { to: decoded.rd, from: decoded[movement.from], distance: movement.hasImmediate ? decoded.imm : 0 };
}

/** What is left of windows behind an instruction, and what comes of them. */
export function windowsAfter(windows: readonly AccessWindow[], placed: PlacedInstruction): readonly AccessWindow[] {
  if (windows.length === 0) return windows;
  const { to, from, distance } = writeOf(placed);
  if (to === 0) return windows;
  const kept = windows.filter(({ base }) => base !== to);
  for (const window of windows) {
    if (window.base !== from) continue;
    kept.push({ ...window, base: to, low: window.low - distance, high: window.high - distance });
  }
  return kept;
}

/** A window before there is a check for it. */
export interface WindowExtent {
  readonly base: number;
  low: number;
  high: number;
  isStore: boolean;
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
  const { base, offset, width, isStore } = first;
  const extent = { base, low: offset, high: offset + width, isStore, count: 0 };
  const isAlike = (access: PlainAccess): boolean => access.isStore === isStore;
  measure(region, { block, position: instruction }, extent, MAX_SPAN, isAlike, isContinuation);
  return extent;
}

/** The windows, of at least so many accesses, by registers as they are at the start of a block. */
export function windowsFrom(
  region: Region,
  block: number,
  minCount: number,
  maxSpan: number,
  isContinuation: (block: number) => boolean,
): readonly WindowExtent[] {
  const found: WindowExtent[] = [];
  for (let base = 1; base < 32; base++) {
    const extent: WindowExtent = { base, low: 0, high: 0, isStore: false, count: 0 };
    measure(region, { block, position: 0 }, extent, maxSpan, () => true, isContinuation);
    if (extent.count >= minCount) found.push(extent);
  }
  return found;
}

/** Widens a window by the accesses that are found from a place on, as long as registers hold its base and a constant. */
function measure(
  region: Region,
  start: { readonly block: number; readonly position: number },
  extent: WindowExtent,
  maxSpan: number,
  isWanted: (access: PlainAccess) => boolean,
  isContinuation: (block: number) => boolean,
): void {
  let budget = MAX_LOOKAHEAD;
  const visit = (index: number, from: number, distances: Map<number, number>): void => {
    const { instructions, end } = region.blocks[index]!;
    for (let position = from; position < instructions.length; position++) {
      if (budget-- <= 0) return;
      const placed = instructions[position]!;
      const access = plainAccessOf(placed.decoded);
      const distance = access && distances.get(access.base);
      if (access && distance !== undefined && isWanted(access)) {
        const at = access.offset + distance;
        const low = extent.count === 0 ? at : Math.min(extent.low, at);
        const high = extent.count === 0 ? at + access.width : Math.max(extent.high, at + access.width);
        if (high - low <= maxSpan) {
          extent.low = low;
          extent.high = high;
          extent.isStore ||= access.isStore;
          extent.count++;
        }
      }
      const write = writeOf(placed);
      if (write.to === 0) continue;
      const source = write.from === undefined ? undefined : distances.get(write.from);
      if (source !== undefined) distances.set(write.to, source + write.distance);
      else if (distances.delete(write.to) && distances.size === 0) return;
    }
    if (end.kind === 'call') return;
    for (const edge of edgesOf(region.blocks[index]!)) {
      if ('block' in edge && isContinuation(edge.block)) visit(edge.block, 0, new Map(distances));
    }
  };
  visit(start.block, start.position, new Map([[extent.base, 0]]));
}
