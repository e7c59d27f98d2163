import type { PrivilegeLevel } from './privilege.ts';

/**
 * One instruction is one row. Everything else in this package (decoder, assembler, disassembler, reference semantics,
 * reference pages, sensitivity analysis) and the WebAssembly compiler in `@worldswitch/machine` reads these rows.
 *
 * Every value in the semantics is a 64-bit bit vector: in the reference semantics a bigint in [0, 2^64), in WebAssembly an
 * i64. Narrower values are made explicit with `signExtend` and `zeroExtend`. Comparison results are 0 or 1.
 */
export type RegisterOperand = 'rd' | 'rs1' | 'rs2' | 'rs3';

export type UnaryOperation =
  | 'not'
  | 'negate'
  | 'countLeadingZeros'
  | 'countTrailingZeros'
  | 'populationCount'
  | 'reverseBytes';

/**
 * Shift amounts use their low 6 bits. Division follows RISC-V (unprivileged ISA, M extension, table "Semantics for division
 * by zero and division overflow"): no operation here traps.
 */
export type BinaryOperation =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'multiplyHighSigned'
  | 'multiplyHighUnsigned'
  | 'multiplyHighSignedUnsigned'
  | 'divideSigned'
  | 'divideUnsigned'
  | 'remainderSigned'
  | 'remainderUnsigned'
  /** The 128-bit product of polynomials over GF(2): its low and its high 64 bits. */
  | 'carrylessMultiply'
  | 'carrylessMultiplyHigh'
  | 'and'
  | 'or'
  | 'xor'
  | 'shiftLeft'
  | 'shiftRightLogical'
  | 'shiftRightArithmetic'
  | 'equal'
  | 'notEqual'
  | 'lessSigned'
  | 'lessUnsigned'
  | 'greaterEqualSigned'
  | 'greaterEqualUnsigned';

export type AccessWidth = 1 | 2 | 4 | 8;

/** A pure value, except that `load` may fault (which ends the instruction with no further effect) and `float` accrues flags. */
export type Expression =
  | { readonly op: 'constant'; readonly value: bigint }
  /** Integer register named by an operand field; x0 reads as zero. */
  | { readonly op: 'x'; readonly operand: RegisterOperand }
  /** Floating-point register named by an operand field: all 64 bits, NaN boxing included. */
  | { readonly op: 'f'; readonly operand: RegisterOperand }
  /** The instruction's immediate, sign-extended to 64 bits. */
  | { readonly op: 'immediate' }
  | { readonly op: 'pc' }
  /** pc plus the instruction's length. */
  | { readonly op: 'nextPc' }
  /** A value bound earlier in the same instruction by a `let`, `amo`, `loadReserved` or `storeConditional` statement. */
  | { readonly op: 'local'; readonly name: string }
  | { readonly op: UnaryOperation; readonly a: Expression }
  | { readonly op: BinaryOperation; readonly a: Expression; readonly b: Expression }
  /** The low `bits` bits, sign- or zero-extended to 64. */
  | { readonly op: 'signExtend' | 'zeroExtend'; readonly bits: 8 | 16 | 32; readonly a: Expression }
  | { readonly op: 'select'; readonly condition: Expression; readonly then: Expression; readonly else: Expression }
  | { readonly op: 'load'; readonly width: AccessWidth; readonly signed: boolean; readonly address: Expression }
  /** An IEEE 754 operation of the named kind (see float-operation.ts); rounding mode and flags are those of the instruction and fcsr. */
  | { readonly op: 'float'; readonly operation: string; readonly args: readonly Expression[] };

export type AmoOperation = 'swap' | 'add' | 'xor' | 'and' | 'or' | 'min' | 'max' | 'minu' | 'maxu' | 'cas';

/**
 * Statements run in order. A fault in any of them ends the instruction: nothing after it happens, and rows are written so that
 * nothing before it has changed architectural state.
 */
export type Statement =
  | { readonly kind: 'setX'; readonly value: Expression }
  | { readonly kind: 'setF'; readonly value: Expression }
  | { readonly kind: 'let'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'store'; readonly width: AccessWidth; readonly address: Expression; readonly value: Expression }
  | { readonly kind: 'jump'; readonly target: Expression }
  | { readonly kind: 'branch'; readonly condition: Expression; readonly target: Expression }
  /**
   * Binds the old memory value (sign-extended) to `into`. Misaligned addresses fault as stores do. `cas` stores only if the
   * memory's bytes are those of `compare`, which no other operation has.
   */
  | {
      readonly kind: 'amo';
      readonly operation: AmoOperation;
      readonly width: 4 | 8;
      readonly address: Expression;
      readonly value: Expression;
      readonly into: string;
      readonly compare?: Expression;
    }
  | { readonly kind: 'loadReserved'; readonly width: 4 | 8; readonly address: Expression; readonly into: string }
  /** Binds 0 on success, 1 on failure to `into`. */
  | {
      readonly kind: 'storeConditional';
      readonly width: 4 | 8;
      readonly address: Expression;
      readonly value: Expression;
      readonly into: string;
    }
  /**
   * An operation on the machine as a whole (CSR access, trap return, fences, environment call ...): names a function that every
   * executor provides. Always the only statement of its row. The function sees the decoded operands.
   */
  | { readonly kind: 'control'; readonly operation: string };

/** Whether machine state other than registers and memory is touched (card 20): what a VMM must think about. */
export type Sensitivity = 'innocuous' | 'control-sensitive' | 'behavior-sensitive';

export interface Citation {
  /** `unprivileged` or `privileged`: the manuals and versions pinned in spec.ts; or a profile's or extension's own document. */
  readonly manual: string;
  readonly section: string;
}

/**
 * A compressed row names the row it expands to; how its fields become that row's operands is part of its format.
 */
export interface Instruction {
  /** The mnemonic, as GNU as writes it: `addi`, `c.lwsp`, `amoadd.w`. */
  readonly name: string;
  /** `I`, `M`, `A`, `F`, `D`, `C`, `Zicsr`, `Zifencei`, `Privileged`, or the name of an added extension. */
  readonly extension: string;
  /**
   * The encoding, most significant bit first: `0`, `1`, and letters for operand bits, blanks ignored. 32 or 16 bits.
   * The letters' meaning comes from `format`; `z` is a bit that hardware ignores and software writes as 0.
   */
  readonly encoding: string;
  /** Names an operand layout of operand-format.ts: R, I, S, B, U, J, R4, CSR, CI, ... */
  readonly format: string;
  /** Assembly operands in GNU order, for example `rd, rs1, imm` or `rd, imm(rs1)`. */
  readonly syntax: string;
  readonly semantics: readonly Statement[];
  /** For compressed rows: the mnemonic of the row whose semantics this is. `semantics` is then that row's. */
  readonly expandsTo?: string;
  /** Operand values for which these bits are not this instruction, as `rd!=0` or `imm!=0`: reserved, or another row's. */
  readonly where?: readonly string[];
  /** The mnemonic of a more general row of which this one is a special case, as `fence.tso` is of `fence`: it is matched first. */
  readonly refines?: string;
  /** The lowest privilege that may execute it, as far as that is static. */
  readonly privilege?: PrivilegeLevel;
  readonly sensitivity?: Sensitivity;
  readonly summary: string;
  readonly cite: Citation;
}

/** One decoded instruction: operand values by name, in the numbers an executor needs. Compressed rows come already expanded. */
export interface DecodedInstruction {
  readonly instruction: Instruction;
  /** The fetched bits: 16 or 32 of them, as an unsigned number. */
  readonly bits: number;
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  /** Sign-extended; every RV64 immediate fits a signed 32-bit number. For CSR rows with an immediate: the 5-bit zimm. */
  readonly imm: number;
  /** `imm` as the 64-bit vector that expressions see. */
  readonly immediate: bigint;
  /** CSR address for Zicsr rows, else 0. */
  readonly csr: number;
  /** Rounding-mode field of floating-point rows, else 0. */
  readonly rm: number;
}
