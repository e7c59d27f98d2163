import { InternalError } from '@worldswitch/contracts';
import { CACHE_BLOCK_BYTES, type DecodedInstruction, type Expression, type Statement } from '@worldswitch/isa';
import { pcRelative, ZERO_BLOCK } from '../discovery/row-shape.ts';
import { type FunctionWriter, Op } from '../emission/emit.ts';
import type { AtomicStatement } from './atomic-operation.ts';
import type { InstructionContext } from './instruction-context.ts';
import { ExpressionTranslator } from './translate-expression.ts';

/** Writes the WebAssembly of one instruction's statements. The row must be translatable (row-shape.ts). */
export function translateInstruction(decoded: DecodedInstruction, context: InstructionContext): void {
  new InstructionTranslator(decoded, context).statements(decoded.instruction.semantics);
}

class InstructionTranslator {
  readonly #decoded: DecodedInstruction;
  readonly #context: InstructionContext;
  readonly #writer: FunctionWriter;
  readonly #values: ExpressionTranslator;

  constructor(decoded: DecodedInstruction, context: InstructionContext) {
    this.#decoded = decoded;
    this.#context = context;
    this.#writer = context.writer;
    this.#values = new ExpressionTranslator(decoded, context);
  }

  statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    const { rd } = this.#decoded;
    switch (statement.kind) {
      case 'setX':
        if (rd === 0) {
          if (hasEffect(statement.value)) this.#evaluateOnly(statement.value);
          return;
        }
        this.#values.value(statement.value);
        this.#writer.set(this.#context.writeX(rd));
        return;
      case 'setF':
        this.#values.pushFloat(statement.value, false);
        this.#writer.set(this.#context.writeF(rd));
        return;
      case 'let':
        this.#values.value(statement.value);
        this.#values.bind(statement.name);
        return;
      case 'store': {
        const address = this.#values.address(statement.address);
        const { value: stored } = statement;
        if (stored.op === 'x' && this.#values.register(stored.operand) !== 0) {
          this.#context.store(statement.width, address, this.#context.readX(this.#values.register(stored.operand)));
          return;
        }
        if (stored.op === 'f' && statement.width === 8) {
          this.#context.store(8, address, this.#context.readF(this.#values.register(stored.operand)), true);
          return;
        }
        const value = this.#context.temporary();
        this.#values.value(stored);
        this.#writer.set(value);
        this.#context.store(statement.width, address, value);
        return;
      }
      case 'amo':
      case 'loadReserved':
      case 'storeConditional':
        this.#atomic(statement);
        return;
      case 'jump':
        if (pcRelative(statement.target, this.#decoded) !== undefined) return;
        this.#values.value(statement.target);
        this.#context.jump();
        return;
      case 'branch':
        this.#values.condition(statement.condition);
        this.#context.branch();
        return;
      case 'control':
        if (statement.operation === ZERO_BLOCK) this.#zeroBlock();
        return;
      default:
        statement satisfies never;
    }
  }

  #zeroBlock(): void {
    const block = this.#context.temporary();
    this.#values.value({ op: 'x', operand: 'rs1' });
    this.#writer.i64(-CACHE_BLOCK_BYTES).op(Op.i64And).set(block);
    this.#context.zeroBlock(block);
  }

  #atomic(statement: AtomicStatement): void {
    const { name } = this.#decoded.instruction;
    if (!this.#context.atomic || (statement.kind === 'amo' && statement.operation === 'cas')) {
      throw new InternalError(`${name} is for others to translate`);
    }
    const address = this.#values.address(statement.address);
    const value = statement.kind === 'loadReserved' ? undefined : this.#values.toTemporary(statement.value);
    this.#context.atomic(statement, address, value);
    this.#values.bind(statement.into);
  }

  #evaluateOnly(expression: Expression): void {
    this.#values.value(expression);
    this.#writer.op(Op.drop);
  }
}

function hasEffect(expression: Expression): boolean {
  switch (expression.op) {
    case 'load':
      return true;
    case 'constant':
    case 'immediate':
    case 'pc':
    case 'nextPc':
    case 'x':
    case 'f':
    case 'local':
      return false;
    case 'float':
      return true;
    case 'select':
      return hasEffect(expression.condition) || hasEffect(expression.then) || hasEffect(expression.else);
    default:
      return hasEffect(expression.a) || ('b' in expression && hasEffect(expression.b));
  }
}
