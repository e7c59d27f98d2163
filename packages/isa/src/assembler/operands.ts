import type { SyntaxOperand } from '../disassembler/operand-syntax.ts';
import type { OperandField } from '../encoding/operand-format.ts';
import { floatRegisterNumbers, integerRegisterNumbers, roundingModeNames } from '../registers.ts';
import { floatConstantIndex } from '../rows/zfa.ts';
import { AssemblerError } from './assembler-error.ts';
import type { Assembly, StatementContext } from './assembly.ts';
import { type AssemblyExpression, ExpressionReader } from './expression.ts';
import type { Token } from './lexer.ts';

/** How an immediate comes from its expression: as it is, or through a relocation operator such as `%lo`. */
type ImmediateModifier = 'value' | 'upper' | 'target' | '%hi' | '%lo' | '%pcrel_hi' | '%pcrel_lo';

export interface Immediate {
  readonly modifier: ImmediateModifier;
  readonly expression: AssemblyExpression;
}

export interface MatchedOperands {
  readonly values: Readonly<Partial<Record<OperandField, number>>>;
  readonly immediate: Immediate | undefined;
}

/** Why a syntax does not fit, and how many operands did. */
export interface Mismatch {
  readonly matched: number;
  readonly error: AssemblerError;
}

const modifiers: readonly string[] = ['%hi', '%lo', '%pcrel_hi', '%pcrel_lo'];

const expectations: Readonly<Record<SyntaxOperand['kind'], string>> = {
  x: 'an integer register',
  f: 'a floating-point register',
  literal: 'the register sp',
  memory: 'an address like 8(sp)',
  imm: 'a number',
  shamt: 'a shift amount',
  upper: 'the upper 20 bits as a number',
  zimm: 'a number from 0 to 31',
  target: 'a label or an address',
  hint: 'a number',
  csr: "a CSR's name or number",
  pred: 'some of the letters iorw',
  succ: 'some of the letters iorw',
  fli: 'one of the 32 constants of fli, as 1.0, 0x1p-1, min, inf or nan',
  rtz: 'the rounding mode rtz',
  rm: 'a rounding mode: rne, rtz, rdn, rup, rmm or dyn',
};

export const isRegister = (token: Token | undefined): boolean =>
  token !== undefined && (integerRegisterNumbers.has(token.text) || floatRegisterNumbers.has(token.text));

/** Reads one operand's tokens as `operand`; throws when they are something else. */
class OperandMatcher {
  readonly values: Partial<Record<OperandField, number>> = {};
  immediate: Immediate | undefined;
  readonly #assembly: Assembly;
  readonly #context: StatementContext;

  constructor(assembly: Assembly, context: StatementContext) {
    this.#assembly = assembly;
    this.#context = context;
  }

  match(operand: SyntaxOperand, tokens: readonly Token[]): void {
    const reader = new ExpressionReader(tokens, this.#context.statement.end);
    const expected = expectations[operand.kind];
    switch (operand.kind) {
      case 'x':
      case 'f': {
        const numbers = operand.kind === 'x' ? integerRegisterNumbers : floatRegisterNumbers;
        this.values[operand.field] = this.#named(reader, numbers, expected);
        break;
      }
      case 'literal':
        if (this.#named(reader, integerRegisterNumbers, expected) !== operand.register) {
          throw new AssemblerError(tokens[0] as Token, 'another register', expected);
        }
        break;
      case 'memory':
        this.#memory(operand, reader);
        break;
      case 'imm':
      case 'zimm':
      case 'shamt':
      case 'hint':
        this.immediate = this.#immediate(reader, 'value', expected);
        break;
      case 'upper':
      case 'target':
        this.immediate = this.#immediate(reader, operand.kind, expected);
        break;
      case 'csr': {
        const known = this.#assembly.instructionSet.csrByName(reader.next?.text ?? '');
        if (known) reader.take();
        this.values.csr = known ? known.address : this.#constant(reader, 0xfff, expected);
        break;
      }
      case 'pred':
      case 'succ': {
        const bits = this.#fenceSet(reader, expected);
        this.values.imm = operand.kind === 'pred' ? bits << 4 : (this.values.imm ?? 0) | bits;
        break;
      }
      case 'fli': {
        // Numbers with a fraction are several tokens to the lexer, which knows no such numbers.
        const text = tokens.map((token) => token.text).join('');
        const index = floatConstantIndex(text, this.#context.statement.mnemonic?.text.endsWith('.s') ?? false);
        if (index < 0) throw new AssemblerError(reader.place, `${text || 'nothing'} is none of them`, expected);
        this.values.imm = index;
        return;
      }
      case 'rtz':
        if (reader.next?.text !== 'rtz')
          throw new AssemblerError(reader.place, 'the rounding mode is missing', expected);
        reader.take();
        break;
      case 'rm': {
        const mode = roundingModeNames.indexOf(reader.next?.text);
        if (mode < 0 || !reader.next) throw new AssemblerError(reader.place, 'not a rounding mode', expected);
        reader.take();
        this.values.rm = mode;
        break;
      }
      default:
        operand satisfies never;
    }
    reader.finish(`the end of the operand after ${expected}`);
  }

  #named(reader: ExpressionReader, numbers: ReadonlyMap<string, number>, expected: string): number {
    const number = numbers.get(reader.next?.text ?? '');
    if (number === undefined) {
      throw new AssemblerError(
        reader.place,
        reader.next ? `unexpected ${reader.next.text}` : 'the operand is missing',
        expected,
      );
    }
    reader.take();
    return number;
  }

  #constant(reader: ExpressionReader, limit: number, expected: string): number {
    const { place } = reader;
    const value = this.#assembly.constant(reader.expression(), this.#context);
    if (value < 0n || value > BigInt(limit)) throw new AssemblerError(place, `${value} is out of range`, expected);
    return Number(value);
  }

  #fenceSet(reader: ExpressionReader, expected: string): number {
    const { next: token, place } = reader;
    if (token?.kind === 'number') return this.#constant(reader, 15, expected);
    reader.take();
    if (token?.text === 'unknown') return 0;
    if (!token || !/^i?o?r?w?$/.test(token.text)) throw new AssemblerError(place, 'not a set of accesses', expected);
    return [...token.text].reduce((bits, letter) => bits | (8 >> 'iorw'.indexOf(letter)), 0);
  }

  #immediate(reader: ExpressionReader, plain: ImmediateModifier, expected: string): Immediate {
    const token = reader.next;
    if (isRegister(token)) throw new AssemblerError(reader.place, `unexpected register ${token?.text}`, expected);
    if (!token) throw new AssemblerError(reader.place, 'the operand is missing', expected);
    if (token.kind !== 'modifier') return { modifier: plain, expression: reader.expression() };
    if (!modifiers.includes(token.text))
      throw new AssemblerError(token, `unknown operator ${token.text}`, modifiers.join(' '));
    reader.take();
    if (!reader.takeIf('(')) throw new AssemblerError(reader.place, `${token.text} needs parentheses`, '"("');
    const expression = reader.expression();
    if (!reader.takeIf(')')) throw new AssemblerError(reader.place, 'unclosed parenthesis', '")"');
    return { modifier: token.text as ImmediateModifier, expression };
  }

  #memory(operand: Extract<SyntaxOperand, { kind: 'memory' }>, reader: ExpressionReader): void {
    const expected = operand.hasOffset ? expectations.memory : 'an address like (a0)';
    const startsWithBase = reader.next?.text === '(' && isRegister(reader.second);
    const zero = reader.next;
    if (startsWithBase) {
      this.immediate = undefined;
    } else if (operand.hasOffset) {
      this.immediate = this.#immediate(reader, 'value', expected);
    } else {
      // An atomic instruction has no offset, but may be written with 0.
      if (zero?.value !== 0n) throw new AssemblerError(reader.place, 'this instruction has no offset', expected);
      reader.take();
    }
    if (!reader.takeIf('(')) throw new AssemblerError(reader.place, 'the base register is missing', expected);
    const base = this.#named(reader, integerRegisterNumbers, 'a base register');
    if (!reader.takeIf(')')) throw new AssemblerError(reader.place, 'unclosed parenthesis', '")"');
    if (operand.base !== 'sp') this.values[operand.base] = base;
    else if (base !== 2)
      throw new AssemblerError(zero ?? reader.place, 'another base register', 'the base register sp');
  }
}

/** Tries the statement's operands against a syntax. Rounding modes and hints may be left out. */
export function matchOperands(
  syntax: readonly SyntaxOperand[],
  assembly: Assembly,
  context: StatementContext,
): MatchedOperands | Mismatch {
  const { operands, end } = context.statement;
  const matcher = new OperandMatcher(assembly, context);
  for (const [index, operand] of syntax.entries()) {
    const tokens = operands[index];
    if (!tokens) {
      if (operand.kind === 'rm') matcher.values.rm = operand.absent;
      else if (operand.kind !== 'hint') {
        const wanted = syntax.map(({ text }) => text).join(', ');
        return {
          matched: index,
          error: new AssemblerError(end, 'too few operands', `${expectations[operand.kind]} (operands: ${wanted})`),
        };
      }
      continue;
    }
    try {
      matcher.match(operand, tokens);
    } catch (error) {
      if (error instanceof AssemblerError) return { matched: index, error };
      throw error;
    }
  }
  const extra = operands[syntax.length];
  if (extra) {
    const wanted = syntax.map(({ text }) => text).join(', ') || 'no operands';
    return { matched: syntax.length, error: new AssemblerError(extra[0] ?? end, 'too many operands', wanted) };
  }
  return { values: matcher.values, immediate: matcher.immediate };
}
