import { ENGINE } from '../../memory-layout.ts';

/** The compiled engine's own places in the machine's memory (byte offsets), and the numbers its functions exchange. */

/**
 * i64: low half: instructions that may still retire in this stretch; high half: data accesses since the last synchronisation.
 * Compiled code keeps it in a local and one addition per block updates both.
 */
export const COUNTER = ENGINE;

/** Code slots: {i32 address of the code in the machine's memory, i32 index in the table}, found by (address >> 1). */
export const CODE_SLOTS = ENGINE + 0x10_0000;
export const CODE_SLOT_COUNT = 0x2_0000;

/** Byte offset of the slot for code at a byte offset of the machine's memory. */
export function codeSlotOf(address: number): number {
  return CODE_SLOTS + ((address >>> 1) & (CODE_SLOT_COUNT - 1)) * 8;
}

/** Index in every module's types of a region's function: (context, depth) -> Outcome. */
export const REGION_TYPE = 0;

/** What a region's function returns. Everything from `unwind` on leaves all nested functions. */
export const Outcome = {
  /** Go on at state.pc. */
  proceed: 0,
  /** The instruction at state.pc is to be executed by the reference semantics; then go on. */
  step: 1,
  /** The counter does not suffice for the block at state.pc. */
  budget: 2,
  /** The instruction at state.pc raised a trap (state.trapCause). */
  trap: 3,
  /** The memory access of the instruction at state.pc was made; the rest of it is still to be done, and then to leave. */
  accessDone: 4,
  /** The hart wants to leave, or look at its attention flag. */
  leave: 5,
  /** The instruction at state.pc is an environment call. */
  environmentCall: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Nested guest calls at most: bounds the stack that compiled code uses. */
export const MAX_CALL_DEPTH = 200;
