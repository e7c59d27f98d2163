import type { CompiledRegion } from './code-modules.ts';
import type { Region } from './discovery/discover.ts';
import type { CodeVariant } from './layout.ts';

/** Targets that are remembered of a computed jump. */
const MAX_JUMP_TARGETS = 64;
const FRAME_SIZE = 4096;
/** Frames whose accounts are made at once. */
const FRAMES_AT_ONCE = 64;
/** Granularity in which writes to a frame are told apart from its code. */
const LINE_SHIFT = 5;

/** Lines of a frame, a bit each. Typed arrays as small as this are part of JavaScript's heap. */
export type LineSet = Int32Array<ArrayBuffer>;

/** What is known of the code in one frame of RAM. */
export interface FrameCode {
  /** By halfword: how often the visits left there came to an end. */
  readonly calls: Uint8Array;
  /** A bit per variant for places, in halfwords, that a region has translated. */
  readonly covered: Uint8Array;
  /** By entry offset, the variant being its lowest bit. */
  readonly entries: Map<number, CompiledRegion>;
  /** Where one of the entries' regions has code, or has had since one was last thrown away. */
  readonly lines: LineSet;
  /** Places in the frame to which computed jumps in it were seen to go, by the jump's offset. */
  readonly jumps: Map<number, number[]>;
  /** How often code of this frame was overwritten. */
  rewrites: number;
}

const emptyLines = (): LineSet => new Int32Array((FRAME_SIZE >>> LINE_SHIFT) >>> 5);

/** For some frames, in one buffer. */
export function createFrameCodes(): FrameCode[] {
  const halfwords = FRAME_SIZE / 2;
  const places = new Uint8Array(FRAMES_AT_ONCE * 2 * halfwords);
  return Array.from({ length: FRAMES_AT_ONCE }, (_, index) => {
    const at = index * 2 * halfwords;
    return {
      calls: places.subarray(at, at + halfwords),
      covered: places.subarray(at + halfwords, at + 2 * halfwords),
      entries: new Map(),
      lines: emptyLines(),
      jumps: new Map(),
      rewrites: 0,
    };
  });
}

/** Makes it one of a frame of which nothing is known. */
export function clearFrameCode(code: FrameCode): void {
  code.calls.fill(0);
  code.covered.fill(0);
  code.entries.clear();
  code.lines.fill(0);
  code.jumps.clear();
  code.rewrites = 0;
}

/** Whether a region has translated the place in its midst. */
export function isCovered({ covered }: FrameCode, offset: number, variant: CodeVariant): boolean {
  return ((covered[offset >>> 1]! >>> variant) & 1) !== 0;
}

/** Notes the places that a region translates. */
export function cover({ covered }: FrameCode, region: Region, variant: CodeVariant): void {
  for (const { instructions } of region.blocks) {
    for (const place of instructions) covered[place.offset >>> 1]! |= 1 << variant;
  }
}

/** Notes where the computed jump at an offset was seen to go. */
export function noteTarget({ jumps }: FrameCode, offset: number, target: number): void {
  const targets = jumps.get(offset);
  if (!targets) jumps.set(offset, [target]);
  else if (!targets.includes(target) && targets.length < MAX_JUMP_TARGETS) targets.push(target);
}

/** Whether one of the lines is set that these bytes touch. */
export function hasLine(lines: LineSet, offset: number, length: number): boolean {
  for (let line = offset >>> LINE_SHIFT; line <= (offset + length - 1) >>> LINE_SHIFT; line++)
    if ((lines[line >>> 5]! >>> line) & 1) return true;
  return false;
}

export function addLines(lines: LineSet, more: LineSet): void {
  for (let word = 0; word < lines.length; word++) lines[word]! |= more[word]!;
}

/** The lines in which a region has code. */
export function linesOf(region: Region): LineSet {
  const lines = emptyLines();
  const mark = (from: number, to: number): void => {
    const last = Math.min(to, FRAME_SIZE - 1) >>> LINE_SHIFT;
    for (let line = from >>> LINE_SHIFT; line <= last; line++) lines[line >>> 5]! |= 1 << line;
  };
  for (const block of region.blocks) {
    for (const { offset, decoded } of block.instructions) mark(offset, offset + decoded.length - 1);
    // What stands there decided where the block ends, though it was not translated.
    const { end } = block;
    if (end.kind === 'step' || end.kind === 'interpret' || end.kind === 'environmentCall')
      mark(end.offset, end.offset + 3);
  }
  return lines;
}
