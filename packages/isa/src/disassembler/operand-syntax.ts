import type { OperandField } from '../encoding/operand-format.ts';
import { IsaError } from '../isa-error.ts';

/** One operand of an assembly syntax. */
export type SyntaxOperand =
  | { readonly kind: 'x' | 'f'; readonly field: OperandField; readonly text: string }
  /** A register written in the syntax itself. */
  | { readonly kind: 'literal'; readonly register: number; readonly text: string }
  /** `imm(rs1)`, `imm(sp)` or, without an offset, `(rs1)`. */
  | {
      readonly kind: 'memory';
      readonly base: OperandField | 'sp';
      readonly hasOffset: boolean;
      readonly text: string;
    }
  /** Numbers: signed decimal, shift amount in hexadecimal, the upper 20 bits, a 5-bit constant, a pc-relative address. */
  | { readonly kind: 'imm' | 'shamt' | 'upper' | 'zimm' | 'target' | 'hint'; readonly text: string }
  | { readonly kind: 'csr' | 'pred' | 'succ'; readonly text: string }
  /** A constant of fli; the rounding mode that must be written out although there is no other. */
  | { readonly kind: 'fli' | 'rtz'; readonly text: string }
  /** A rounding mode that may be left out, and the one it then is. */
  | { readonly kind: 'rm'; readonly absent: number; readonly text: string };

function parseOperand(text: string): SyntaxOperand {
  const memory = /^(imm)?\((rs1|sp)\)$/.exec(text);
  if (memory) return { kind: 'memory', base: memory[2] as 'rs1' | 'sp', hasOffset: memory[1] !== undefined, text };
  const register = /^(f?)(rd|rs1|rs2|rs3)$/.exec(text);
  if (register) return { kind: register[1] ? 'f' : 'x', field: register[2] as OperandField, text };
  switch (text) {
    case 'sp':
      return { kind: 'literal', register: 2, text };
    case 'imm':
    case 'shamt':
    case 'upper':
    case 'zimm':
    case 'target':
    case 'hint':
    case 'csr':
    case 'pred':
    case 'succ':
    case 'fli':
    case 'rtz':
      return { kind: text, text };
    case 'rm':
      return { kind: 'rm', absent: 7, text };
    case 'rm.rne':
      return { kind: 'rm', absent: 0, text: 'rm' };
    default:
      throw new IsaError(`unknown operand ${text} in an assembly syntax`);
  }
}

const known = new Map<string, readonly SyntaxOperand[]>();

/** Reads a row's `syntax`. @throws {IsaError} for an operand that means nothing. */
export function parseSyntax(syntax: string): readonly SyntaxOperand[] {
  let operands = known.get(syntax);
  if (!operands) {
    operands = syntax === '' ? [] : syntax.split(', ').map(parseOperand);
    known.set(syntax, operands);
  }
  return operands;
}
