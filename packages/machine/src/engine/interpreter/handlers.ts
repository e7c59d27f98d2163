import type { DecodedInstruction, Instruction, InstructionSet, Statement } from '@worldswitch/isa';
import { isComputedJump } from '../compiler/discovery/discover.ts';
import { isTranslatable, pcRelative, shapeOf } from '../compiler/discovery/row-shape.ts';
import type { AtomicStatement } from '../compiler/translation/atomic-operation.ts';
import { type CsrChange, createPlainCsrLookup, type PlainCsr, type PlainCsrLookup, plainCsrsOf } from '../plain-csr.ts';
import { FIRST_CSR_HANDLER, FIRST_ROW_HANDLER, FixedHandler, HANDLER_SHIFT, MAX_HANDLERS } from './layout.ts';
import { type OperandPlaces, operandPlaces } from './operands.ts';

/**
 * How a jump is followed: `goto` and `return` look for compiled code where they go; a `call`, and a `goto` backwards, count as a
 * visit there; of a `computed` jump the compiler is told where it went.
 */
export type JumpKind = 'goto' | 'call' | 'return' | 'computed';

/** A case of the interpreter's loop: a row of the instruction table, for all values of its operands. */
export interface Handler {
  readonly instruction: Instruction;
  /** Rounding mode: 0 also stands for the dynamic one, which must then be 0 when it runs. */
  readonly rm: number;
  readonly jump: JumpKind | undefined;
  readonly places: OperandPlaces;
}

const DYNAMIC = 7;
const roundingModes = [0, 1];
const linked: readonly JumpKind[] = ['goto', 'call'];
const indirect: readonly JumpKind[] = ['call', 'return', 'computed'];

/** Bytes from the start of a plain CSR's entry: how it is changed, whether the operand is the immediate, and that. */
export const CsrPlace = { change: 4, isImmediate: 5, immediate: 6 } as const;
export const CsrChangeField: Readonly<Record<CsrChange, number>> = { none: 0, write: 1, set: 2, clear: 3 };

/**
 * The first statement of a row that is an atomic access and changes nothing but registers after it; undefined for all other rows,
 * and for operations that the interpreter does not know.
 */
export function atomicOf({ semantics }: Instruction): AtomicStatement | undefined {
  const [first, ...rest] = semantics;
  if (first?.kind !== 'amo' && first?.kind !== 'loadReserved' && first?.kind !== 'storeConditional') return undefined;
  if (first.kind === 'amo' && first.operation === 'cas') return undefined;
  return rest.every(({ kind }) => kind === 'setX') ? first : undefined;
}

/** The handlers for an instruction set, numbered as the decode cache has them. Rows that share their semantics share handlers. */
export class HandlerTable {
  readonly handlers: readonly Handler[];
  /** Their handlers come first. */
  readonly csrs: readonly PlainCsr[];
  readonly #plainCsrOf: PlainCsrLookup;
  /** By semantics, then by rounding mode and kind of jump (`variantOf`); 0 where there is none. */
  readonly #numbers = new Map<readonly Statement[], Uint16Array>();

  constructor(set: InstructionSet) {
    this.csrs = plainCsrsOf(set);
    this.#plainCsrOf = createPlainCsrLookup(set);
    const handlers: Handler[] = [];
    for (const instruction of set.rows) {
      const { semantics } = instruction;
      if (this.#numbers.has(semantics)) continue;
      const numbers = new Uint16Array(VARIANTS);
      this.#numbers.set(semantics, numbers);
      for (const handler of variantsOf(instruction)) {
        // Past the last number rows go to the reference semantics; the built-in ones fill half of them.
        const number = FIRST_ROW_HANDLER + handlers.length;
        if (number >= MAX_HANDLERS) break;
        handlers.push(handler);
        numbers[variantOf(handler.rm, handler.jump)] = number;
      }
    }
    this.handlers = handlers;
  }

  /** The two words of the entry of a decoded instruction with this handler. */
  firstWord(decoded: DecodedInstruction, handler: number): number {
    const places = this.handlers[handler - FIRST_ROW_HANDLER]?.places;
    const atRd = places?.isRs2AtRd ? decoded.rs2 : decoded.rd;
    return (handler << HANDLER_SHIFT) | (decoded.length * 4) | (atRd << 19) | (decoded.rs1 << 27);
  }
  secondWord(decoded: DecodedInstruction, handler: number): number {
    // Of a plain CSR's: the first word has rd and rs1, as of a row's without an immediate.
    const access = handler < FIRST_ROW_HANDLER ? this.#plainCsrOf(decoded) : undefined;
    if (access)
      return CsrChangeField[access.change] | ('immediate' in access.source ? (1 << 8) | (decoded.imm << 16) : 0);
    const places = this.handlers[handler - FIRST_ROW_HANDLER]?.places;
    return places?.hasImmediate ? decoded.imm : (decoded.rs2 << 3) | (decoded.rs3 << 11);
  }

  /** Number of the handler that executes the instruction. */
  numberOf(decoded: DecodedInstruction): number {
    const { instruction } = decoded;
    const access = this.#plainCsrOf(decoded);
    if (access) return FIRST_CSR_HANDLER + this.csrs.findIndex(({ address }) => address === access.csr.address);
    const shape = shapeOf(instruction);
    if (shape.isEnvironmentCall) return FixedHandler.environmentCall;
    if (shape.isOrderingOnly) return FixedHandler.nothing;
    // What only writes x0 does nothing, unless it may fault or set flags.
    const isIdle = shape.writesX && decoded.rd === 0 && !shape.jump && shape.accesses === 0 && !shape.floats;
    if (isIdle && shape.isTranslatable) return FixedHandler.nothing;
    const rm = decoded.rm === DYNAMIC ? 0 : decoded.rm;
    return this.#numbers.get(instruction.semantics)?.[variantOf(rm, jumpKind(decoded))] || FixedHandler.step;
  }
}

const VARIANTS = 8 * 5;
const jumpNumbers: Readonly<Record<JumpKind, number>> = { goto: 1, call: 2, return: 3, computed: 4 };
const variantOf = (rm: number, jump: JumpKind | undefined): number => rm * 5 + (jump ? jumpNumbers[jump] : 0);

function variantsOf(instruction: Instruction): Handler[] {
  const { isOrderingOnly, jump, floats } = shapeOf(instruction);
  const places = operandPlaces(instruction);
  if (isOrderingOnly || !places) return [];
  if (atomicOf(instruction)) return [{ instruction, rm: 0, jump: undefined, places }];
  const kinds = jump ? (isRelative(instruction) ? linked : indirect) : [undefined];
  return kinds.flatMap((kind) =>
    (floats ? roundingModes : [0])
      .filter((rm) => isTranslatable({ ...fieldsOnly, instruction, rm }))
      .map((rm) => ({ instruction, rm, jump: kind, places })),
  );
}

const fieldsOnly = { bits: 0, length: 4, rd: 1, rs1: 1, rs2: 1, rs3: 1, imm: 0, immediate: 0n, csr: 0 } as const;

function isRelative(instruction: Instruction): boolean {
  const { jump } = shapeOf(instruction);
  return jump !== undefined && pcRelative(jump, { ...fieldsOnly, instruction, rm: 0 }) !== undefined;
}

const isLinkRegister = (register: number): boolean => register === 1 || register === 5;

function jumpKind(decoded: DecodedInstruction): JumpKind | undefined {
  const { jump, writesX } = shapeOf(decoded.instruction);
  if (!jump) return undefined;
  if (writesX && isLinkRegister(decoded.rd)) return 'call';
  if (isComputedJump(decoded)) return 'computed';
  return pcRelative(jump, decoded) === undefined ? 'return' : 'goto';
}
