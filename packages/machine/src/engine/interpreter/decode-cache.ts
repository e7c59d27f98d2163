import type { DecodedInstruction } from '@worldswitch/isa';
import type { MachineMemory } from '../../memory/machine-memory.ts';
import { RAM } from '../../memory/memory-layout.ts';
import { shapeOf } from '../compiler/discovery/row-shape.ts';
import type { HandlerTable } from './handlers.ts';
import {
  DECODED,
  DECODED_PAGE_SIZE,
  DECODED_PAGES,
  FixedHandler,
  HANDLER_MASK,
  HANDLER_SHIFT,
  PAGE_MAP,
  PAGE_MAP_SIZE,
  TwoPages,
} from './layout.ts';

/** Instructions decoded at once: a jump is reached before, mostly. */
const DECODE_AHEAD = 32;
const PAGE_SIZE = 4096;
/** Instructions whose entries are remembered by their bits, a power of two. */
const REMEMBERED_BITS = 16;
const NO_FRAME = -1;
/** Bytes of entries for four of code. */
const LONG_STEP = 4 * 4;

export interface DecodeCacheOptions {
  readonly memory: MachineMemory;
  readonly handlers: HandlerTable;
  readonly decode: (bits: number) => DecodedInstruction | undefined;
  /** Tells that stores to this frame of RAM must be reported from now on. */
  readonly markCode: (frame: number) => void;
}

/**
 * Decoded instructions by physical page, in the machine's memory, where the interpreter's loop reads them. Bounded: the pages that
 * were taken in first go first.
 */
export class DecodeCache {
  readonly #options: DecodeCacheOptions;
  readonly #slotOfFrame = new Map<number, number>();
  readonly #frameOfSlot = new Int32Array(DECODED_PAGES).fill(NO_FRAME);
  /** Entries of each slot that are decoded. */
  readonly #counts = new Uint16Array(DECODED_PAGES);
  #next = 0;
  /** Entries by instruction, wherever it stands: bits, the two words (the first is 0 where they are illegal), whether it jumps. */
  readonly #bits = new Int32Array(1 << REMEMBERED_BITS).fill(-1);
  readonly #first = new Int32Array(1 << REMEMBERED_BITS);
  readonly #second = new Int32Array(1 << REMEMBERED_BITS);
  readonly #jumps = new Uint8Array(1 << REMEMBERED_BITS);

  constructor(options: DecodeCacheOptions) {
    this.#options = options;
    this.#forgetPlaces();
  }

  get pages(): number {
    return this.#slotOfFrame.size;
  }

  /** Byte offset of the entries of a page of code, which the interpreter finds through the page map from now on. */
  open(codePage: number): number {
    const { i32, u8 } = this.#options.memory;
    const place = placeOf(codePage);
    if (i32[place] === (codePage | 0)) return i32[place + 1]!;
    const frame = ((codePage >>> 0) - RAM) >>> 12;
    let slot = this.#slotOfFrame.get(frame);
    if (slot === undefined) {
      slot = this.#next;
      this.#next = (slot + 1) % DECODED_PAGES;
      this.#close(slot);
      this.#slotOfFrame.set(frame, slot);
      this.#frameOfSlot[slot] = frame;
      const entries = entriesOf(slot);
      u8.fill(0, entries, entries + DECODED_PAGE_SIZE);
      for (const end of [2048, 2049]) i32[(entries + end * 8) >>> 2] = FixedHandler.pageEnd << HANDLER_SHIFT;
    }
    const entries = entriesOf(slot);
    i32[place] = codePage;
    i32[place + 1] = entries;
    return entries;
  }

  #close(slot: number): void {
    const frame = this.#frameOfSlot[slot]!;
    if (frame === NO_FRAME) return;
    const { i32 } = this.#options.memory;
    const codePage = (RAM + frame * PAGE_SIZE) | 0;
    const place = placeOf(codePage);
    if (i32[place] === codePage) i32[place] = 0;
    this.#slotOfFrame.delete(frame);
    this.#frameOfSlot[slot] = NO_FRAME;
    this.#counts[slot] = 0;
  }

  /** Decodes the instruction at an address of the machine's memory, in an open page, and those behind it up to the next jump. */
  decode(address: number): void {
    const { memory, markCode } = this.#options;
    const { i32, view } = memory;
    const offset = address & (PAGE_SIZE - 1);
    const codePage = address - offset;
    const entries = this.open(codePage);
    const slot = (entries - DECODED) / DECODED_PAGE_SIZE;
    markCode((codePage - RAM) >>> 12);
    let at = offset;
    for (let count = 0; count < DECODE_AHEAD && at < PAGE_SIZE; count++) {
      const word = (entries + at * 4) >>> 2;
      if ((i32[word]! & HANDLER_MASK) !== 0) return;
      this.#counts[slot]!++;
      let bits = view.getUint16(codePage + at, true);
      const isLong = (bits & 3) === 3;
      if (isLong && at + 4 <= PAGE_SIZE) bits = view.getUint32(codePage + at, true);
      if (isLong && at + 4 > PAGE_SIZE) {
        i32[word] = (FixedHandler.twoPages << HANDLER_SHIFT) | LONG_STEP;
        i32[(entries + TwoPages.second) >>> 2] = -1;
        return;
      }
      const known = this.#remember(bits);
      if (known < 0) {
        i32[word] = FixedHandler.step << HANDLER_SHIFT;
        return;
      }
      i32[word] = this.#first[known]!;
      i32[word + 1] = this.#second[known]!;
      if (this.#jumps[known] !== 0) return;
      at += isLong ? 4 : 2;
    }
  }

  /** Decodes an instruction in two pages, of which the first is open and both are in the machine's memory at these addresses. */
  decodeTwoPages(first: number, second: number): void {
    const { i32, view } = this.#options.memory;
    const entries = this.open(first & -PAGE_SIZE);
    const word = (entries + (first & (PAGE_SIZE - 1)) * 4) >>> 2;
    const half = view.getUint16(second, true);
    const known = this.#remember((view.getUint16(first, true) | (half << 16)) >>> 0);
    i32[(entries + TwoPages.second) >>> 2] = half;
    if (known < 0) {
      i32[(entries + TwoPages.handler) >>> 2] = FixedHandler.step << HANDLER_SHIFT;
      return;
    }
    const decoded = this.#first[known]!;
    i32[(entries + TwoPages.handler) >>> 2] = decoded & 0xffff;
    i32[word] = (decoded & ~0xffff) | (FixedHandler.twoPages << HANDLER_SHIFT) | LONG_STEP;
    i32[word + 1] = this.#second[known]!;
  }

  /** Where the words of an instruction's entry stand; -1 where it is illegal. */
  #remember(bits: number): number {
    const place = Math.imul(bits, 0x9e37_79b1) >>> (32 - REMEMBERED_BITS);
    if (this.#bits[place] !== (bits | 0)) {
      const { decode, handlers } = this.#options;
      const decoded = decode(bits);
      const handler = decoded ? handlers.numberOf(decoded) : 0;
      this.#bits[place] = bits;
      this.#first[place] = decoded ? handlers.firstWord(decoded, handler) : 0;
      this.#second[place] = decoded ? handlers.secondWord(decoded, handler) : 0;
      this.#jumps[place] = decoded && shapeOf(decoded.instruction).jump ? 1 : 0;
    }
    return this.#first[place] === 0 ? -1 : place;
  }

  /** Forgets what was decoded from these bytes of a frame. Returns true when nothing of the frame is left. */
  invalidate(frame: number, offset: number, length: number): boolean {
    const slot = this.#slotOfFrame.get(frame);
    if (slot === undefined) return true;
    if (this.#counts[slot] === 0) return true;
    const { i32 } = this.#options.memory;
    const entries = entriesOf(slot);
    // An instruction of four bytes may begin two bytes before what was written.
    const first = Math.max((offset >> 1) - 1, 0);
    const end = Math.min((offset + length + 1) >> 1, PAGE_SIZE / 2);
    for (let half = first; half < end; half++) {
      const word = (entries + half * 8) >>> 2;
      if ((i32[word]! & HANDLER_MASK) === 0) continue;
      // The rest stays: it may be the entry of the very instruction whose access this is, which has yet to write and go on.
      i32[word]! &= ~HANDLER_MASK;
      this.#counts[slot]!--;
    }
    return this.#counts[slot] === 0;
  }

  reset(): void {
    for (let slot = 0; slot < DECODED_PAGES; slot++) this.#close(slot);
    this.#forgetPlaces();
  }

  #forgetPlaces(): void {
    this.#options.memory.i32.fill(0, PAGE_MAP >>> 2, (PAGE_MAP >>> 2) + PAGE_MAP_SIZE * 2);
  }
}

const entriesOf = (slot: number): number => DECODED + slot * DECODED_PAGE_SIZE;

/** Word of a page's place in the page map. */
const placeOf = (codePage: number): number => (PAGE_MAP >>> 2) + ((codePage >>> 12) & (PAGE_MAP_SIZE - 1)) * 2;
