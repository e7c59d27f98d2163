import { InternalError } from '@worldswitch/contracts';
import {
  type AccessWidth,
  CACHE_BLOCK_BYTES,
  type DecodedInstruction,
  type Expression,
  type RegisterOperand,
  type Statement,
} from '@worldswitch/isa';
import { pcRelative, ZERO_BLOCK } from '../discovery/row-shape.ts';
import { isWord } from '../discovery/word-values.ts';
import { type FunctionWriter, Op, type ValueType } from '../emission/emit.ts';
import { writeDivision, writeMultiplyHigh, writeReverseBytes } from './integer-arithmetic.ts';
import type { AccessAddress, InlineAmo } from './memory-access.ts';
import { type FloatContext, resultOf, writeFloat } from './translate-float.ts';

/** Each pushes what the statement binds: the old value, the value loaded, or whether the store failed. `value` is a local. */
export interface AtomicContext {
  amo(operation: InlineAmo, address: AccessAddress, width: 4 | 8, value: number): void;
  loadReserved(address: AccessAddress, width: 4 | 8): void;
  storeConditional(address: AccessAddress, width: 4 | 8, value: number): void;
}

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
  /** Absent where atomics are not handed to `translateInstruction`. */
  readonly atomics?: AtomicContext;
  /** Takes the target address from the stack. */
  jump(): void;
  /** Takes the condition (i32) from the stack. */
  branch(): void;
}

const binaryOpcodes: Partial<Record<string, number>> = {
  add: Op.i64Add,
  subtract: Op.i64Sub,
  multiply: Op.i64Mul,
  and: Op.i64And,
  or: Op.i64Or,
  xor: Op.i64Xor,
  shiftLeft: Op.i64Shl,
  shiftRightLogical: Op.i64ShrU,
  shiftRightArithmetic: Op.i64ShrS,
};
const comparisonOpcodes: Partial<Record<string, number>> = {
  equal: Op.i64Eq,
  notEqual: Op.i64Ne,
  lessSigned: Op.i64LtS,
  lessUnsigned: Op.i64LtU,
  greaterEqualSigned: Op.i64GeS,
  greaterEqualUnsigned: Op.i64GeU,
};
/** Writes the WebAssembly of one instruction's statements. The row must be translatable (row-shape.ts). */
export function translateInstruction(decoded: DecodedInstruction, context: InstructionContext): void {
  new InstructionTranslator(decoded, context).statements(decoded.instruction.semantics);
}

/** State of one instruction's translation: the values bound by `let`. */
class InstructionTranslator implements FloatContext {
  readonly #decoded: DecodedInstruction;
  readonly #context: InstructionContext;
  readonly #writer: FunctionWriter;
  readonly #bound = new Map<string, number>();

  constructor(decoded: DecodedInstruction, context: InstructionContext) {
    this.#decoded = decoded;
    this.#context = context;
    this.#writer = context.writer;
  }

  get writer(): FunctionWriter {
    return this.#writer;
  }
  get decoded(): DecodedInstruction {
    return this.#decoded;
  }
  temporary(type: ValueType): number {
    return this.#context.temporary(type);
  }
  require(): void {
    this.#context.require();
  }
  multiplyAdd(): void {
    this.#context.multiplyAdd();
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
        this.value(statement.value);
        this.#writer.set(this.#context.writeX(rd));
        return;
      case 'setF':
        this.pushFloat(statement.value, false);
        this.#writer.set(this.#context.writeF(rd));
        return;
      case 'let': {
        this.value(statement.value);
        const local = this.#context.temporary();
        this.#bound.set(statement.name, local);
        this.#writer.set(local);
        return;
      }
      case 'store': {
        const address = this.#address(statement.address);
        const { value: stored } = statement;
        if (stored.op === 'x' && this.#register(stored.operand) !== 0) {
          this.#context.store(statement.width, address, this.#context.readX(this.#register(stored.operand)));
          return;
        }
        if (stored.op === 'f' && statement.width === 8) {
          this.#context.store(8, address, this.#context.readF(this.#register(stored.operand)), true);
          return;
        }
        const value = this.#context.temporary();
        this.value(stored);
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
        this.value(statement.target);
        this.#context.jump();
        return;
      case 'branch':
        this.condition(statement.condition);
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
    this.value({ op: 'x', operand: 'rs1' });
    this.#writer.i64(-CACHE_BLOCK_BYTES).op(Op.i64And).set(block);
    this.#context.zeroBlock(block);
  }

  #atomic(statement: Extract<Statement, { readonly kind: 'amo' | 'loadReserved' | 'storeConditional' }>): void {
    const { kind, width, into } = statement;
    const { atomics } = this.#context;
    if (!atomics) throw new InternalError(`${this.#decoded.instruction.name} is for others to translate`);
    const address = this.#address(statement.address);
    if (kind === 'loadReserved') atomics.loadReserved(address, width);
    else {
      const value = this.#toTemporary(statement.value);
      if (kind === 'storeConditional') atomics.storeConditional(address, width, value);
      else if (statement.operation !== 'cas') atomics.amo(statement.operation, address, width, value);
    }
    const local = this.#context.temporary();
    this.#bound.set(into, local);
    this.#writer.set(local);
  }

  /** The address as a local variable and a constant: a register where it is one plus an immediate, or one that is set here. */
  #address(expression: Expression): AccessAddress {
    const [base, distance] = expression.op === 'add' ? [expression.a, this.#constant(expression.b)] : [expression, 0];
    if (base.op === 'x' && typeof distance === 'number' && this.#register(base.operand) !== 0) {
      const register = this.#register(base.operand);
      return { local: this.#context.readX(register), offset: distance, register };
    }
    const local = this.#context.temporary();
    this.value(expression);
    this.#writer.set(local);
    return { local, offset: 0 };
  }

  #evaluateOnly(expression: Expression): void {
    this.value(expression);
    this.#writer.op(Op.drop);
  }

  #register(operand: RegisterOperand): number {
    return this.#decoded[operand];
  }

  /** The value where it does not depend on the run. */
  #constant(expression: Expression): number | bigint | undefined {
    switch (expression.op) {
      case 'immediate':
        return this.#decoded.imm;
      case 'constant': {
        const value = BigInt.asIntN(64, expression.value);
        const small = Number(value);
        return small === (small | 0) ? small : value;
      }
      case 'x':
        return this.#register(expression.operand) === 0 ? 0 : undefined;
      default:
        return undefined;
    }
  }

  /** Pushes the value as an i64. */
  value(expression: Expression): void {
    const writer = this.#writer;
    const constant = this.#constant(expression);
    if (constant !== undefined) {
      writer.i64(constant);
      return;
    }
    const relative = pcRelative(expression, this.#decoded);
    if (relative !== undefined) {
      this.#context.pushPc(relative);
      return;
    }
    switch (expression.op) {
      case 'x':
        writer.get(this.#context.readX(this.#register(expression.operand)));
        return;
      case 'local': {
        const local = this.#bound.get(expression.name);
        if (local === undefined)
          throw new InternalError(`${this.#decoded.instruction.name}: ${expression.name} is not bound`);
        writer.get(local);
        return;
      }
      case 'not':
        this.value(expression.a);
        writer.i64(-1).op(Op.i64Xor);
        return;
      case 'negate':
        writer.i64(0);
        this.value(expression.a);
        writer.op(Op.i64Sub);
        return;
      case 'countLeadingZeros':
      case 'countTrailingZeros':
      case 'populationCount':
        this.value(expression.a);
        writer.op(
          expression.op === 'countLeadingZeros'
            ? Op.i64Clz
            : expression.op === 'countTrailingZeros'
              ? Op.i64Ctz
              : Op.i64Popcnt,
        );
        return;
      case 'reverseBytes':
        writeReverseBytes(writer, this.#toTemporary(expression.a));
        return;
      case 'signExtend':
        this.value(expression.a);
        if (expression.bits === 32 && isWord(expression.a, this.#decoded, this.#context.words ?? 0)) return;
        writer.op(expression.bits === 8 ? Op.i64Extend8S : expression.bits === 16 ? Op.i64Extend16S : Op.i64Extend32S);
        return;
      case 'zeroExtend':
        this.value(expression.a);
        if (expression.bits === 32) writer.op(Op.i32WrapI64).op(Op.i64ExtendI32U);
        else writer.i64(expression.bits === 8 ? 0xff : 0xffff).op(Op.i64And);
        return;
      case 'select':
        this.value(expression.then);
        this.value(expression.else);
        this.condition(expression.condition);
        writer.op(Op.select);
        return;
      case 'load':
        this.#context.load(expression.width, expression.signed, this.#address(expression.address));
        return;
      case 'constant':
      case 'immediate':
      case 'pc':
      case 'nextPc':
        throw new InternalError('constants and addresses were handled above');
      case 'f':
        writer.get(this.#context.readF(this.#register(expression.operand))).op(Op.i64ReinterpretF64);
        return;
      case 'float':
        writeFloat(expression, this);
        if (resultOf(expression) === 'single') writer.op(Op.i32ReinterpretF32).op(Op.i64ExtendI32U);
        else if (resultOf(expression) === 'double') writer.op(Op.i64ReinterpretF64);
        return;
      default:
        this.#binary(expression);
    }
  }

  /** Pushes the value as a floating-point number: the low half of it as an f32, or all of it as an f64. */
  pushFloat(expression: Expression, isSingle: boolean): void {
    const writer = this.#writer;
    if (isSingle) {
      this.value(expression);
      writer.op(Op.i32WrapI64).op(Op.f32ReinterpretI32);
    } else if (expression.op === 'f') {
      writer.get(this.#context.readF(this.#register(expression.operand)));
    } else if (expression.op === 'float' && resultOf(expression) === 'double') {
      writeFloat(expression, this);
    } else if (this.#pushSignInjection(expression)) {
      return;
    } else if (expression.op === 'xor' && isSignBit(expression.b)) {
      this.pushFloat(expression.a, false);
      writer.op(Op.f64Neg);
    } else if (expression.op === 'load' && expression.width === 8) {
      this.#context.load(8, false, this.#address(expression.address), true);
    } else {
      this.value(expression);
      writer.op(Op.f64ReinterpretI64);
    }
  }

  /**
   * Pushes a double with another one's sign, the form of fsgnj and its relatives. WebAssembly's operations on signs are bit for
   * bit, NaNs included. Returns false for other expressions.
   */
  #pushSignInjection(expression: Expression): boolean {
    if (expression.op !== 'or' || expression.a.op !== 'and' || expression.b.op !== 'and') return false;
    const { a: magnitude, b: sign } = expression;
    if (magnitude.a.op !== 'f' || !isConstant(magnitude.b, (1n << 63n) - 1n) || !isSignBit(sign.b)) return false;
    const of = this.#context.readF(this.#register(magnitude.a.operand));
    const from = sign.a;
    const read = (source: Expression): number | undefined =>
      source.op === 'f' ? this.#context.readF(this.#register(source.operand)) : undefined;
    const writer = this.#writer;
    if (from.op === 'xor') {
      if (read(from.a) === undefined || read(from.a) !== read(from.b)) return false;
      writer.get(of).op(Op.f64Abs);
      return true;
    }
    const signed = read(from.op === 'not' ? from.a : from);
    if (signed === undefined) return false;
    writer.get(of);
    if (signed !== of) writer.get(signed).op(Op.f64Copysign);
    if (from.op === 'not') writer.op(Op.f64Neg);
    return true;
  }

  #binary(expression: Extract<Expression, { readonly b: Expression }>): void {
    const { op, a, b } = expression;
    const writer = this.#writer;
    if (comparisonOpcodes[op] !== undefined) {
      this.condition(expression);
      writer.op(Op.i64ExtendI32U);
      return;
    }
    const opcode = binaryOpcodes[op];
    if (opcode !== undefined) {
      if ((op === 'add' || op === 'or' || op === 'xor') && this.#constant(a) === 0) {
        this.value(b);
        return;
      }
      this.value(a);
      if ((op === 'add' || op === 'or' || op === 'xor' || op === 'subtract') && this.#constant(b) === 0) return;
      this.value(b);
      writer.op(opcode);
      return;
    }
    const [left, right] = [this.#toTemporary(a), this.#toTemporary(b)];
    switch (op) {
      case 'divideSigned':
      case 'divideUnsigned':
      case 'remainderSigned':
      case 'remainderUnsigned':
        writeDivision(writer, op, left, right);
        return;
      case 'multiplyHighUnsigned':
      case 'multiplyHighSigned':
      case 'multiplyHighSignedUnsigned':
        writeMultiplyHigh(writer, op, left, right, this.#context.temporary());
        return;
      default:
        throw new InternalError(`operation ${op} cannot be translated`);
    }
  }

  /** Pushes an i32 that is nonzero when the value is. */
  condition(expression: Expression): void {
    const writer = this.#writer;
    const opcode = comparisonOpcodes[expression.op];
    if (opcode !== undefined && 'b' in expression) {
      this.value(expression.a);
      if (expression.op === 'equal' && this.#constant(expression.b) === 0) {
        writer.op(Op.i64Eqz);
        return;
      }
      this.value(expression.b);
      writer.op(opcode);
      return;
    }
    this.value(expression);
    writer.i64(0).op(Op.i64Ne);
  }

  #toTemporary(expression: Expression): number {
    this.value(expression);
    const local = this.#context.temporary();
    this.#writer.set(local);
    return local;
  }
}

const isConstant = (expression: Expression, value: bigint): boolean =>
  expression.op === 'constant' && expression.value === value;
const isSignBit = (expression: Expression): boolean => isConstant(expression, 1n << 63n);

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
