import {
  type AccessWidth,
  type AmoOperation,
  amoResult,
  type DecodedInstruction,
  type EvaluationState,
  ExceptionCause,
  effectsOf,
  floatOperation,
  type Instruction,
  type InstructionSet,
  preparedSemantics,
  RoundingMode,
  resolveRoundingMode,
} from '@worldswitch/isa';
import { GUEST_FAULT, type Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { atomicWasm } from '../../memory/access/atomic.ts';
import { fetchSecondWasm, fetchWasm } from '../../memory/access/fetch.ts';
import { loadSlow } from '../../memory/access/load.ts';
import { storeSlow } from '../../memory/access/store.ts';
import type { MachineMemory } from '../../memory/machine-memory.ts';
import { LOAD_TABLE, RAM, RAM_BASE, STORE_TABLE } from '../../memory/memory-layout.ts';
import type { HartGroup } from '../../schedule/hart-group.ts';
import type { Engine } from '../engine.ts';

/** A decoded instruction with the function that carries it out. */
interface Step {
  readonly decoded: DecodedInstruction;
  readonly length: 2 | 4;
  readonly run: (decoded: DecodedInstruction, state: EvaluationState) => void;
  /** It is one of the floating-point unit's: illegal while mstatus.FS is off. */
  readonly isFloat: boolean;
}

/**
 * Decoded instructions of so many bytes of RAM, by half of the byte offset. Few are in use at once where another engine lets this
 * one execute single instructions, as those stand far apart.
 */
const BLOCK_SHIFT = 7;
const BLOCK_SLOTS = 1 << (BLOCK_SHIFT - 1);
const BLOCKS_OF_FRAME = 4096 >>> BLOCK_SHIFT;
type DecodedBlock = (Step | undefined)[];
/** Blocks that are kept at once; past it, all are forgotten. */
const MAX_BLOCKS = 0x4000;

const floatUses = new WeakMap<Instruction, boolean>();

/** Whether mstatus.FS guards the row. */
function usesFloat(row: Instruction): boolean {
  let uses = floatUses.get(row);
  if (uses === undefined) {
    uses = effectsOf(row).usesFloatState;
    floatUses.set(row, uses);
  }
  return uses;
}

const FFLAGS = HartOffset.fflags / 4;
const FRM = HartOffset.frm / 4;
const PC = HartOffset.pc / 4;
const INSTRET = HartOffset.instret / 4;
const BUDGET = HartOffset.budget / 4;
const ATTENTION = HartOffset.attention / 4;
const DATA_SET = HartOffset.dataTranslations / 4;
const IS_TRANSLATING = HartOffset.isTranslating / 4;
const DATA_ACCESSES = HartOffset.dataAccesses / 4;
const TRAP_CAUSE = HartOffset.trapCause / 4;
const SCRATCH = HartOffset.scratch / 8;
const RESERVATION = HartOffset.reservation / 8;

/**
 * The specification made runnable: one instruction at a time, by the reference semantics of isa over bigint. Everything else of
 * the machine (traps, translation, CSRs) is the hart's and shared with other engines.
 */
export class ReferenceEngine implements Engine, EvaluationState {
  readonly name = 'reference';
  readonly #group: HartGroup;
  /** See `serve`. */
  #hart!: Hart;
  readonly #memory: MachineMemory;
  readonly #instructionSet: InstructionSet;
  /** By number of the block, that is, byte offset in RAM >>> BLOCK_SHIFT. */
  readonly #blocks = new Map<number, DecodedBlock>();
  /** The block that was used last. */
  #last: DecodedBlock = [];
  #lastNumber = -1;
  /** Decoded instructions kept of each frame. */
  readonly #decodedIn: Uint16Array;
  /** A 64-bit value and its halves: turns addresses of the semantics into numbers without allocating. */
  readonly #value = new BigUint64Array(1);
  readonly #halves = new Int32Array(this.#value.buffer);
  readonly #next = new BigUint64Array(1);
  readonly #nextHalves = new Int32Array(this.#next.buffer);

  constructor(group: HartGroup) {
    this.#group = group;
    this.#memory = group.memory;
    this.#instructionSet = group.instructionSet;
    this.#decodedIn = new Uint16Array(group.ramFrames);
  }

  // ---- Engine ----

  /** The hart of which everything here speaks from now on: the one whose slice begins. */
  serve(hart: Hart): void {
    this.#hart = hart;
  }

  run(hart: Hart): void {
    const { i32 } = this.#memory;
    for (;;) {
      try {
        while (!hart.leave) {
          const { word } = hart.current;
          if (i32[word + ATTENTION] !== 0) hart.attend();
          else if (i32[word + BUDGET]! <= 0) return;
          else this.#step(word);
        }
        return;
      } catch (fault) {
        if (fault !== GUEST_FAULT) throw fault;
        hart.takePendingTrap();
      }
    }
  }

  executeOne(): void {
    try {
      this.#step(this.#hart.current.word);
    } catch (fault) {
      if (fault !== GUEST_FAULT) throw fault;
      this.#hart.takePendingTrap();
    }
  }

  invalidateFrame(frame: number, offset: number, length: number): boolean {
    if (this.#decodedIn[frame] === 0) return true;
    // An instruction of four bytes may begin two bytes before what was written.
    const first = Math.max((offset >> 1) - 1, 0);
    const end = Math.min((offset + length + 1) >> 1, 2048);
    for (let slot = first; slot < end; slot++) {
      const block = this.#blocks.get(frame * BLOCKS_OF_FRAME + ((slot * 2) >>> BLOCK_SHIFT));
      const index = slot & (BLOCK_SLOTS - 1);
      if (block?.[index] === undefined) continue;
      block[index] = undefined;
      this.#decodedIn[frame]!--;
    }
    // A frame that is used for something else soon has no decoded instruction left, and stores to it are fast again.
    if (this.#decodedIn[frame]! > 0) return false;
    for (let block = 0; block < BLOCKS_OF_FRAME; block++) this.#blocks.delete(frame * BLOCKS_OF_FRAME + block);
    this.#lastNumber = -1;
    return true;
  }

  reset(): void {
    this.#blocks.clear();
    this.#lastNumber = -1;
    this.#decodedIn.fill(0);
  }

  /**
   * Fetches, decodes, executes and retires one instruction, or takes its trap where the fetch or a control operation noted a fault;
   * other faults are thrown. In either case nothing of the instruction has happened.
   */
  #step(word: number): void {
    const { i32 } = this.#memory;
    const low = i32[word + PC]!;
    const high = i32[word + PC + 1]!;
    const step = this.#fetch(low, high);
    if (!step) {
      this.#hart.takePendingTrap();
      return;
    }
    const nextLow = (low + step.length) | 0;
    this.#nextHalves[0] = nextLow;
    this.#nextHalves[1] = nextLow >= 0 && low < 0 ? (high + 1) | 0 : high;
    if (!step.isFloat || this.#isFloatLegal(step.decoded)) step.run(step.decoded, this);
    else this.#hart.noteFault(ExceptionCause.illegalInstruction, step.decoded.bits, 0);
    if (i32[word + TRAP_CAUSE]! >= 0) {
      this.#hart.takePendingTrap();
      return;
    }
    i32[word + PC] = this.#nextHalves[0]!;
    i32[word + PC + 1] = this.#nextHalves[1]!;
    i32[word + BUDGET]!--;
    const retired = (i32[word + INSTRET]! + 1) | 0;
    i32[word + INSTRET] = retired;
    if (retired === 0) i32[word + INSTRET + 1]!++;
  }

  /** Undefined: the fault is noted. */
  #fetch(low: number, high: number): Step | undefined {
    const at = fetchWasm(this.#hart, low, high);
    if (at < 0) return undefined;
    const number = (at - RAM) >>> BLOCK_SHIFT;
    if (number !== this.#lastNumber) {
      const block = this.#blocks.get(number);
      if (!block) return this.#decode(at, low, high);
      this.#last = block;
      this.#lastNumber = number;
    }
    return this.#last[(at >>> 1) & (BLOCK_SLOTS - 1)] ?? this.#decode(at, low, high);
  }

  #decode(at: number, low: number, high: number): Step | undefined {
    const { view } = this.#memory;
    const frame = (at - RAM) >>> 12;
    const slot = (at & 0xfff) >>> 1;
    let bits = view.getUint16(at, true);
    const isLong = (bits & 3) === 3;
    if (isLong && slot === 2047) {
      const secondLow = (low + 2) | 0;
      const second = fetchSecondWasm(this.#hart, secondLow, secondLow === 0 ? (high + 1) | 0 : high);
      if (second < 0) return undefined;
      bits = (bits | (view.getUint16(second, true) << 16)) >>> 0;
    } else if (isLong) bits = view.getUint32(at, true);
    const decoded = this.#instructionSet.decode(bits);
    if (!decoded) {
      this.#hart.noteFault(ExceptionCause.illegalInstruction, bits, 0);
      return undefined;
    }
    const step: Step = {
      decoded,
      length: decoded.length,
      run: this.#controlOf(decoded.instruction) ?? preparedSemantics(decoded.instruction),
      isFloat: usesFloat(decoded.instruction),
    };
    // An instruction in two pages depends on both translations, and is decoded each time.
    if (isLong && slot === 2047) return step;
    this.#group.markCode(frame);
    const number = (at - RAM) >>> BLOCK_SHIFT;
    let block = this.#blocks.get(number);
    if (!block) {
      if (this.#blocks.size >= MAX_BLOCKS) this.reset();
      block = new Array<Step | undefined>(BLOCK_SLOTS).fill(undefined);
      this.#blocks.set(number, block);
    }
    block[(at >>> 1) & (BLOCK_SLOTS - 1)] = step;
    this.#decodedIn[frame]!++;
    return step;
  }

  /** What carries out a row that is one control operation. */
  #controlOf({ semantics }: Instruction): Step['run'] | undefined {
    const [statement, ...rest] = semantics;
    if (statement?.kind !== 'control' || rest.length > 0) return undefined;
    const operation = this.#group.controls[statement.operation];
    return operation && ((decoded) => this.#hart.control(operation, decoded));
  }

  // ---- EvaluationState ----

  readX(register: number): bigint {
    return this.#memory.u64[this.#hart.current.quad + register]!;
  }
  writeX(register: number, value: bigint): void {
    this.#memory.u64[this.#hart.current.quad + register] = value;
  }
  readF(register: number): bigint {
    return this.#memory.u64[this.#hart.current.quad + 32 + register]!;
  }
  writeF(register: number, value: bigint): void {
    this.#dirtyFloat();
    this.#memory.u64[this.#hart.current.quad + 32 + register] = value;
  }
  get pc(): bigint {
    return this.#hart.current.pc;
  }
  get nextPc(): bigint {
    return this.#next[0]!;
  }
  set nextPc(value: bigint) {
    this.#next[0] = value;
  }
  setNextPc(low: number, high: number): void {
    this.#nextHalves[0] = low;
    this.#nextHalves[1] = high;
  }

  /** Byte offset in the machine's memory by the inline software TLB, or -1. */
  #inline(table: number, low: number, high: number, width: AccessWidth): number {
    const { i32 } = this.#memory;
    const { word } = this.#hart.current;
    const entry = (i32[word + DATA_SET]! + table + ((low >>> 8) & 0xff0)) >>> 2;
    if (i32[entry] !== (low & (-4096 | (width - 1))) || i32[entry + 1] !== high) return -1;
    if (i32[word + IS_TRANSLATING] !== 0) {
      const count = (i32[word + DATA_ACCESSES]! + 1) | 0;
      i32[word + DATA_ACCESSES] = count;
      if (count === 0) i32[word + DATA_ACCESSES + 1]!++;
    }
    return (low + i32[entry + 2]!) >>> 0;
  }

  load(width: AccessWidth, address: bigint): bigint {
    this.#value[0] = address;
    const low = this.#halves[0]!;
    const high = this.#halves[1]!;
    const at = this.#inline(LOAD_TABLE, low, high, width);
    if (at >= 0) {
      const { view, u64 } = this.#memory;
      switch (width) {
        case 1:
          return BigInt(view.getUint8(at));
        case 2:
          return BigInt(view.getUint16(at, true));
        case 4:
          return BigInt(view.getUint32(at, true));
        case 8:
          return u64[at >>> 3]!;
      }
    }
    if (loadSlow(this.#hart, low, high, width) !== 0) throw GUEST_FAULT;
    return this.#memory.u64[this.#hart.current.quad + SCRATCH]!;
  }

  store(width: AccessWidth, address: bigint, value: bigint): void {
    this.#value[0] = address;
    const low = this.#halves[0]!;
    const high = this.#halves[1]!;
    const at = this.#inline(STORE_TABLE, low, high, width);
    if (at < 0) {
      this.#memory.u64[this.#hart.current.quad + SCRATCH] = value;
      if (storeSlow(this.#hart, low, high, width) === 1) throw GUEST_FAULT;
      return;
    }
    const { view, u64 } = this.#memory;
    if (width === 8) {
      u64[at >>> 3] = value;
      return;
    }
    this.#value[0] = value;
    const bits = this.#halves[0]!;
    if (width === 4) view.setInt32(at, bits, true);
    else if (width === 2) view.setInt16(at, bits, true);
    else view.setInt8(at, bits);
  }

  #atomic(width: 4 | 8, address: bigint, isLoadReserved: boolean): number {
    this.#value[0] = address;
    const at = atomicWasm(this.#hart, this.#halves[0]!, this.#halves[1]!, width, isLoadReserved);
    if (at < 0) throw GUEST_FAULT;
    return at;
  }

  /** A debugger may watch the place that `#atomic` translated last. */
  #noteAtomic(width: 4 | 8, isRead: boolean, isWrite: boolean): void {
    this.#hart.points?.noteAccess(this.#hart, this.#halves[0]!, this.#halves[1]!, width, isRead, isWrite);
  }

  #read(at: number, width: 4 | 8): bigint {
    return width === 8 ? this.#memory.u64[at >>> 3]! : BigInt(this.#memory.u32[at >>> 2]!);
  }

  #write(at: number, width: 4 | 8, value: bigint): void {
    if (width === 8) this.#memory.u64[at >>> 3] = value;
    else this.#memory.u32[at >>> 2] = Number(BigInt.asUintN(32, value));
  }

  amo(operation: AmoOperation, width: 4 | 8, address: bigint, value: bigint, compare?: bigint): bigint {
    const at = this.#atomic(width, address, false);
    this.#noteAtomic(width, true, true);
    const old = this.#read(at, width);
    this.#write(at, width, amoResult(operation, width, old, value, compare));
    return old;
  }

  loadReserved(width: 4 | 8, address: bigint): bigint {
    const at = this.#atomic(width, address, true);
    this.#noteAtomic(width, true, false);
    this.#memory.i64[this.#hart.current.quad + RESERVATION] = BigInt(at - RAM + RAM_BASE);
    return this.#read(at, width);
  }

  storeConditional(width: 4 | 8, address: bigint, value: bigint): boolean {
    const at = this.#atomic(width, address, false);
    const reservation = this.#hart.current.quad + RESERVATION;
    const isReserved = this.#memory.i64[reservation] === BigInt(at - RAM + RAM_BASE);
    this.#memory.i64[reservation] = -1n;
    if (!isReserved) return false;
    this.#noteAtomic(width, false, true);
    this.#write(at, width, value);
    return true;
  }

  control(operation: string, decoded: DecodedInstruction): void {
    this.#hart.control(this.#group.controls[operation]!, decoded);
  }

  /** The floating-point unit is on, and the rounding mode is none of the reserved ones. */
  #isFloatLegal(decoded: DecodedInstruction): boolean {
    const { isFloatOn, word } = this.#hart.current;
    return isFloatOn && resolveRoundingMode(decoded.rm, this.#memory.i32[word + FRM]!) !== undefined;
  }

  float(operation: string, args: readonly bigint[], rm: number): bigint {
    const { current } = this.#hart;
    const { i32 } = this.#memory;
    // The mode is a legal one: `isFloatLegal` has looked.
    const mode = resolveRoundingMode(rm, i32[current.word + FRM]!) ?? RoundingMode.nearestEven;
    const { value, flags } = floatOperation(operation, args, mode);
    if (flags !== 0) {
      i32[current.word + FFLAGS]! |= flags;
      this.#dirtyFloat();
    }
    return value;
  }

  #dirtyFloat(): void {
    this.#hart.current.dirtyFloat();
  }
}
