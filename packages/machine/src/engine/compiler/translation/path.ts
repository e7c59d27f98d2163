import type { AccessWindow } from './access-window.ts';

/** What is known at a place because control came by one way only. */
export interface Path {
  /** Instructions and data accesses that were executed and not yet taken from the counter. */
  instructions: number;
  accesses: number;
  /** Instructions for which the budget was seen to suffice. */
  budget: number;
  /** How much of the float unit's state was looked at: 0 nothing, 1 that it is on, 2 that it is plain. */
  float: number;
  /** Stretches of addresses that were checked. */
  windows: readonly AccessWindow[];
}

/** Nothing is known. */
export const freshPath = (): Path => ({ instructions: 0, accesses: 0, budget: 0, float: 0, windows: [] });
