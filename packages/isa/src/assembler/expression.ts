import { AssemblerError } from './assembler-error.ts';
import type { Token } from './lexer.ts';

/** A parsed expression; `token` is where to point when it makes no sense. */
export type AssemblyExpression =
  | { readonly kind: 'number'; readonly value: bigint; readonly token: Token }
  | { readonly kind: 'symbol'; readonly name: string; readonly token: Token }
  | { readonly kind: 'unary'; readonly operator: string; readonly a: AssemblyExpression; readonly token: Token }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly a: AssemblyExpression;
      readonly b: AssemblyExpression;
      readonly token: Token;
    };

/** A number, or a place: an offset from the start of a section whose address may not be known yet. */
export interface AssemblyValue {
  readonly section?: object;
  readonly offset: bigint;
}

/** What a symbol stands for; undefined while it is not known. */
export type SymbolLookup = (name: string, token: Token) => AssemblyValue | undefined;

type Place = { readonly line: number; readonly column: number };

/** Of parentheses and signs within each other. */
const maximumDepth = 200;
const maximumOperators = 1000;

/** Reads tokens from the left: for operands like `8(sp)`, of which an expression is only the beginning. */
export class ExpressionReader {
  #position = 0;
  #depth = 0;
  #operators = 0;
  readonly #tokens: readonly Token[];
  readonly #end: Place;

  constructor(tokens: readonly Token[], end: Place) {
    this.#tokens = tokens;
    this.#end = end;
  }

  get next(): Token | undefined {
    return this.#tokens[this.#position];
  }

  /** Where the reader stands, for errors. */
  get place(): Place {
    return this.next ?? this.#end;
  }

  take(): Token | undefined {
    return this.#tokens[this.#position++];
  }

  takeIf(...texts: readonly string[]): Token | undefined {
    const token = this.next;
    return token?.kind === 'punctuation' && texts.includes(token.text) ? this.take() : undefined;
  }

  /** The token after the next one. */
  get second(): Token | undefined {
    return this.#tokens[this.#position + 1];
  }

  /** @throws {AssemblerError} when anything is left. */
  finish(expected: string): void {
    if (this.next) throw new AssemblerError(this.next, `unexpected ${this.next.text}`, expected);
  }

  /** GNU as: `* / << >> %` bind tightest, then `& | ^ !`, then `+ -`. */
  expression(): AssemblyExpression {
    return this.#binary(
      [
        ['+', '-'],
        ['&', '|', '^', '!'],
        ['*', '/', '<<', '>>', '%'],
      ],
      0,
    );
  }

  #binary(levels: readonly (readonly string[])[], level: number): AssemblyExpression {
    const operators = levels[level];
    if (!operators) return this.#primary();
    let a = this.#binary(levels, level + 1);
    for (let token = this.takeIf(...operators); token; token = this.takeIf(...operators)) {
      if (++this.#operators > maximumOperators)
        throw new AssemblerError(token, 'the expression is too long', `at most ${maximumOperators} operators`);
      a = { kind: 'binary', operator: token.text, a, b: this.#binary(levels, level + 1), token };
    }
    return a;
  }

  #primary(): AssemblyExpression {
    this.#depth++;
    if (this.#depth > maximumDepth)
      throw new AssemblerError(this.place, 'too many levels', `at most ${maximumDepth} in an expression`);
    const operand = this.#operand();
    this.#depth--;
    return operand;
  }

  #operand(): AssemblyExpression {
    const { place } = this;
    const token = this.take();
    if (token?.kind === 'number') return { kind: 'number', value: token.value ?? 0n, token };
    if (token?.kind === 'name') return { kind: 'symbol', name: token.text, token };
    if (token?.kind === 'punctuation' && ['-', '+', '~'].includes(token.text)) {
      return { kind: 'unary', operator: token.text, a: this.#primary(), token };
    }
    if (token?.text === '(') {
      const inner = this.expression();
      if (!this.takeIf(')')) throw new AssemblerError(this.place, 'unclosed parenthesis', '")"');
      return inner;
    }
    throw new AssemblerError(
      place,
      token ? `unexpected ${token.text}` : 'the operand is incomplete',
      'a number, a symbol or an expression',
    );
  }
}

/** Parses an operand that is one expression. */
export function parseExpression(tokens: readonly Token[], end: Place): AssemblyExpression {
  const reader = new ExpressionReader(tokens, end);
  const expression = reader.expression();
  reader.finish('an operator or the end of the operand');
  return expression;
}

const plain = (offset: bigint): AssemblyValue => ({ offset: BigInt.asIntN(64, offset) });

/**
 * The value of an expression, or undefined when it depends on a symbol that is not known yet.
 * @throws {AssemblerError} for arithmetic that has no meaning on places, and division by zero.
 */
export function evaluateExpression(expression: AssemblyExpression, lookup: SymbolLookup): AssemblyValue | undefined {
  switch (expression.kind) {
    case 'number':
      return plain(expression.value);
    case 'symbol':
      return lookup(expression.name, expression.token);
    case 'unary': {
      const a = evaluateExpression(expression.a, lookup);
      if (!a) return undefined;
      if (expression.operator === '+') return a;
      if (a.section)
        throw new AssemblerError(expression.token, `${expression.operator} needs a number`, 'a constant expression');
      return plain(expression.operator === '-' ? -a.offset : ~a.offset);
    }
    case 'binary': {
      const a = evaluateExpression(expression.a, lookup);
      const b = evaluateExpression(expression.b, lookup);
      return a && b && combine(expression.operator, a, b, expression.token);
    }
    default:
      return expression satisfies never;
  }
}

function combine(operator: string, a: AssemblyValue, b: AssemblyValue, token: Token): AssemblyValue {
  const section = a.section ?? b.section;
  if (operator === '+' && section && !(a.section && b.section)) return { section, offset: a.offset + b.offset };
  if (operator === '-' && a.section && !b.section) return { section: a.section, offset: a.offset - b.offset };
  if (section && !(operator === '-' && a.section === b.section)) {
    throw new AssemblerError(
      token,
      `${operator} cannot be applied to these addresses`,
      'constants, or addresses in one section',
    );
  }
  switch (operator) {
    case '+':
      return plain(a.offset + b.offset);
    case '-':
      return plain(a.offset - b.offset);
    case '*':
      return plain(a.offset * b.offset);
    case '&':
      return plain(a.offset & b.offset);
    case '|':
      return plain(a.offset | b.offset);
    case '^':
      return plain(a.offset ^ b.offset);
    case '!':
      return plain(a.offset | ~b.offset);
    case '<<':
      return plain(a.offset << (b.offset & 63n));
    case '>>':
      return plain(BigInt.asUintN(64, a.offset) >> (b.offset & 63n));
    default:
      if (b.offset === 0n) throw new AssemblerError(token, 'division by zero', 'a divisor other than 0');
      return plain(operator === '/' ? a.offset / b.offset : a.offset % b.offset);
  }
}
