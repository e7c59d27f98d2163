import { ENGINE } from '../../memory/memory-layout.ts';

/** The compiled engine's own places in the machine's memory (byte offsets), and the numbers its functions exchange. */

/**
 * i64: low half: instructions that may still retire in this stretch; high half: data accesses since the last synchronisation.
 * Compiled code keeps it in a local and one addition per block updates both.
 */
export const COUNTER = ENGINE;

/** i64: what the interpreter took off the counter, for statistics. */
export const INTERPRETED = ENGINE + 16;

/**
 * The clock as it will be when the counter of instructions is 0: i64: ticks; i32: parts of ticks to be added, and parts for each
 * instruction that is left (machine-clock.ts).
 */
export const CLOCK_TICKS = ENGINE + 24;
export const CLOCK_PARTS = ENGINE + 32;
export const CLOCK_PARTS_EACH = ENGINE + 36;

/** Code slots: {i32 key of the code, i32 index in the table}, found by (key >> 1). */
export const CODE_SLOTS = ENGINE + 0x10_0000;
export const CODE_SLOT_COUNT = 0x2_0000;

/**
 * Conditions under which a translation holds: bits of its key, which is the byte offset in the machine's memory of the code,
 * an even number, or this.
 */
export const CodeVariant = {
  /** Data addresses go through the translation tables. */
  translated: 0,
  /** They are physical, and neither physical memory protection nor anything else wants to see accesses to RAM. */
  physical: 1,
} as const;
export type CodeVariant = (typeof CodeVariant)[keyof typeof CodeVariant];

/** What identifies translated code, from the byte offset of its entry in the machine's memory; as an i32. */
export function codeKeyOf(address: number, isPhysical: boolean): number {
  return address | (isPhysical ? CodeVariant.physical : CodeVariant.translated) | 0;
}

/** Byte offset of the slot for code with a key. */
export function codeSlotOf(key: number): number {
  return CODE_SLOTS + ((key >>> 1) & (CODE_SLOT_COUNT - 1)) * 8;
}

/**
 * Index in every module's types of the one that all functions have through which code is entered: four i32, the first the context
 * -> Outcome. One for all, though a region's function needs no more than (context, depth): V8 of Node 20 keeps a copy of each type
 * of each module for as long as the process lives.
 */
export const CODE_TYPE = 0;
/** Parameters of that type. */
export const CODE_PARAMETERS = 4;

/** Index in the table of the interpreter's function: (context, key at which to stop) -> Outcome. */
export const INTERPRETER = 0;

/** What a region's function returns. */
export const Outcome = {
  /** Go on at state.pc. */
  proceed: 0,
  /** The instruction at state.pc is to be executed by the reference semantics; then go on. */
  step: 1,
  /** The interpreter is to go on there, for the sake of a memory access: a miss, a device, a page border, a fault; or for an instruction in two pages. */
  access: 2,
  /** The counter does not suffice for the block at state.pc: the interpreter goes on there. */
  budget: 3,
  /** The instruction at state.pc raised a trap (state.trapCause). */
  trap: 4,
  /** The hart wants to leave, or look at its attention flag. */
  leave: 5,
  /** The instruction at state.pc is an environment call. */
  environmentCall: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Outcomes from this one on leave all nested functions; those before it are for the dispatcher. */
export const FIRST_UNWINDING = Outcome.budget;

/** Nested guest calls at most: bounds the stack that compiled code uses. */
export const MAX_CALL_DEPTH = 200;
