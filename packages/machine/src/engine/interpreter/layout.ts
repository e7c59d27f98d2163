import { ENGINE } from '../../memory/memory-layout.ts';
import { MAX_PLAIN_CSRS } from '../plain-csr.ts';

/** The interpreter's own places in the machine's memory (byte offsets), and the form of a decoded instruction. */

/**
 * A halfword by code address (see `heatOf`): how often control may still arrive there before the compiler is asked. Two places that
 * share one share their visits.
 */
export const HEAT = ENGINE + 0x2_0000;
export const HEAT_SIZE = 0x2_0000;

/** Mask of a code address, which is even, that gives the offset of its halfword. */
export const HEAT_MASK = HEAT_SIZE * 2 - 2;
export const MAX_HEAT = 0xffff;

/** Index in halfwords of the visits left of code at a byte offset of the machine's memory. */
export function heatOf(address: number): number {
  return (HEAT + (address & HEAT_MASK)) >>> 1;
}

/** Where a page's decoded instructions are: {i32 page's byte offset in the machine's memory, i32 its entries}, by page number. */
export const PAGE_MAP = ENGINE + 0x6_0000;
export const PAGE_MAP_SIZE = 0x1000;

/** Pages whose decoded instructions are kept at once; each takes DECODED_PAGE_SIZE bytes of the machine's memory when used. */
export const DECODED_PAGES = 768;
export const DECODED = ENGINE + 0x20_0000;
/** An entry for each halfword of a page, then two that say that the page ends, then TwoPages. */
export const DECODED_PAGE_SIZE = 2048 * 8 + 24;

/**
 * Bytes from the start of a page's entries to what the entry of an instruction that goes on in the next page lacks: i32: its second
 * halfword when it was decoded, or -1; i32, whose lower half is first in an entry: its handler.
 */
export const TwoPages = { second: 2050 * 8, handler: 2050 * 8 + 4 } as const;

/**
 * An entry is a halfword, its handler above the bytes of entries up to the next instruction's (four for each byte of code), and six
 * bytes for operands: see `operandPlaces`. A register number stands there times eight, as it is needed. Where the
 * handler is 0 the instruction is not decoded, or no more.
 */
export const HANDLER_SHIFT = 5;
export const HANDLER_MASK = 0xffff & (-1 << HANDLER_SHIFT);
export const STEP_MASK = (1 << HANDLER_SHIFT) - 1;
export const MAX_HANDLERS = 512;

/** Handlers that belong to no row of the instruction table. */
export const FixedHandler = {
  undecoded: 0,
  /** Leaves, so that the reference semantics execute the instruction. */
  step: 1,
  /** Behind the last instruction of a page. */
  pageEnd: 2,
  environmentCall: 3,
  /** Nothing but retiring. */
  nothing: 4,
  /** An instruction in two pages: see TwoPages. */
  twoPages: 5,
} as const;
/** Then those of plain CSRs, in their order. */
export const FIRST_CSR_HANDLER = 6;
export const FIRST_ROW_HANDLER = FIRST_CSR_HANDLER + MAX_PLAIN_CSRS;
