import type { DecodedInstruction, Expression } from '@worldswitch/isa';
import type { PlacedInstruction } from './discover.ts';
import { shapeOf } from './row-shape.ts';

/**
 * Values that are their own low 32 bits, sign-extended: what RV64's word instructions leave. Extending them once more changes
 * nothing, so it is left out where it is known of the operands.
 */

/** Whether an expression's value is such, with the registers whose values are (a bit each). */
export function isWord(expression: Expression, decoded: DecodedInstruction, words: number): boolean {
  const is = (part: Expression): boolean => isWord(part, decoded, words);
  switch (expression.op) {
    case 'constant': {
      const value = BigInt.asIntN(64, expression.value);
      return value === BigInt.asIntN(32, value);
    }
    case 'immediate':
      return true;
    case 'x':
      return ((words | 1) >>> decoded[expression.operand]) % 2 === 1;
    case 'signExtend':
      return true;
    case 'zeroExtend':
      return expression.bits < 32;
    case 'load':
      return expression.width < 4 || (expression.width === 4 && expression.signed);
    case 'not':
      return is(expression.a);
    case 'and':
      return (
        (is(expression.a) && is(expression.b)) || [expression.a, expression.b].some((part) => isLow(part, decoded))
      );
    case 'or':
    case 'xor':
      return is(expression.a) && is(expression.b);
    case 'add':
      return constantOf(expression.b, decoded) === 0 && is(expression.a);
    case 'select':
      return is(expression.then) && is(expression.else);
    case 'shiftRightArithmetic':
      return is(expression.a);
    case 'shiftRightLogical': {
      const distance = constantOf(expression.b, decoded) ?? 0;
      const isHalf = expression.a.op === 'zeroExtend' && expression.a.bits <= 32;
      return distance > (isHalf ? 0 : 32) && distance < 64;
    }
    case 'equal':
    case 'notEqual':
    case 'lessSigned':
    case 'lessUnsigned':
    case 'greaterEqualSigned':
    case 'greaterEqualUnsigned':
      return true;
    default:
      return false;
  }
}

function constantOf(expression: Expression, decoded: DecodedInstruction): number | undefined {
  if (expression.op === 'immediate') return decoded.imm;
  return expression.op === 'constant' ? Number(BigInt.asIntN(64, expression.value)) : undefined;
}

/** A constant that leaves no more than 31 bits. */
function isLow(expression: Expression, decoded: DecodedInstruction): boolean {
  const value = constantOf(expression, decoded);
  return value !== undefined && value >= 0 && value < 2 ** 31;
}

/** The registers whose values are words behind an instruction, from those before it. */
export function wordsAfter(words: number, { decoded, plainCsr }: PlacedInstruction): number {
  const { rd } = decoded;
  const { writesX, value } = shapeOf(decoded.instruction);
  if (rd === 0 || !(writesX || plainCsr)) return words;
  const isKnown = !plainCsr && value !== undefined && isWord(value, decoded, words);
  return isKnown ? words | (1 << rd) : words & ~(1 << rd);
}

/**
 * The register whose low word two shifts put to a place where all else is zero, rd: RV64's way to extend a word with zeros, and
 * to make an index of it. `shift` is the place: 0 to 32.
 */
export function zeroExtensionAt(
  instructions: readonly PlacedInstruction[],
  position: number,
): { readonly from: number; readonly shift: number } | undefined {
  const first = instructions[position]!;
  const second = instructions[position + 1];
  if (!second) return undefined;
  const left = shapeOf(first.decoded.instruction).value;
  const right = shapeOf(second.decoded.instruction).value;
  if (left?.op !== 'shiftLeft' || right?.op !== 'shiftRightLogical') return undefined;
  if (left.a.op !== 'x' || left.b.op !== 'immediate' || right.a.op !== 'x' || right.b.op !== 'immediate')
    return undefined;
  const { rd, imm } = first.decoded;
  if (imm !== 32 || second.decoded.rd !== rd || second.decoded[right.a.operand] !== rd || rd === 0) return undefined;
  const from = first.decoded[left.a.operand];
  return from === 0 || second.decoded.imm > 32 ? undefined : { from, shift: 32 - second.decoded.imm };
}
