import type { AccessWidth } from '@worldswitch/isa';
import type { FunctionWriter, ValueType } from '../emission/emit.ts';
import type { AccessAddress } from './access-context.ts';
import type { AtomicStatement } from './atomic-operation.ts';

/** What the translation of an instruction needs from the function around it. */
export interface InstructionContext {
  readonly writer: FunctionWriter;
  /** The local variable that holds an integer register (not x0). */
  readX(register: number): number;
  writeX(register: number): number;
  /** Integer registers that are known to hold words (word-values.ts): a bit each. */
  readonly words?: number;
  /** Pushes the instruction's address plus `distance`. */
  pushPc(distance: number): void;
  /** The local variables (f64) that hold floating-point registers. */
  readF(register: number): number;
  writeF(register: number): number;
  /** A local variable (i64 unless said otherwise) that is free until the instruction ends. */
  temporary(type?: ValueType): number;
  /** Takes an i32: when it is 0, leaves before the instruction so that the reference semantics execute it. */
  require(): void;
  /** Calls the fused multiply-add of doubles. */
  multiplyAdd(): void;
  /** Pushes the value loaded: an i64, or the f64 of these 8 bytes. */
  load(width: AccessWidth, signed: boolean, address: AccessAddress, isDouble?: boolean): void;
  /** Stores a value from a local variable: an i64, or all of an f64. */
  store(width: AccessWidth, address: AccessAddress, value: number, isDouble?: boolean): void;
  /** Stores zeros into a cache block, whose address is in a local variable. */
  zeroBlock(block: number): void;
  /**
   * Pushes what the statement binds: the old value, the value loaded, or whether the store failed. `value` is a local; a
   * load-reserved has none. Absent where atomics are not handed to `translateInstruction`.
   */
  atomic?(statement: AtomicStatement, address: AccessAddress, value: number | undefined): void;
  /** Takes the target address from the stack. */
  jump(): void;
  /** Takes the condition (i32) from the stack. */
  branch(): void;
}
