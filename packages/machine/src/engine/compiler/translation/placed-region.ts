import type { Region } from '../discovery/discover.ts';

/** Indices of the functions that a region calls, in the module that it becomes part of. */
export interface RegionImports {
  /** (context, key of the code at which to stop, depth, Outcome of what ran before) -> Outcome: runs a guest function until it returns. */
  readonly callGuest: number;
  /** (context, depth, index in the table) -> Outcome: calls another region. */
  readonly callRegion: number;
  /** (a, b, c) -> a * b + c of doubles; NaN when it cannot tell. */
  readonly multiplyAdd: number;
  /** The region's own function. */
  readonly self: number;
}

/** A region and the conditions under which its code holds. */
export interface PlacedRegion {
  readonly region: Region;
  /** Byte offset of the page in the machine's memory. */
  readonly codePage: number;
  /** Bytes of RAM when data addresses are physical and unprotected (`CodeVariant.physical`), otherwise 0. */
  readonly physicalSize: number;
}
