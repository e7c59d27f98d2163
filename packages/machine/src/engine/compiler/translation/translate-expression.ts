import { InternalError } from '@worldswitch/contracts';
import type { DecodedInstruction, Expression, RegisterOperand } from '@worldswitch/isa';
import { pcRelative } from '../discovery/row-shape.ts';
import { isWord } from '../discovery/word-values.ts';
import { type FunctionWriter, Op, type ValueType } from '../emission/emit.ts';
import type { AccessAddress } from './access-context.ts';
import type { InstructionContext } from './instruction-context.ts';
import { writeDivision, writeMultiplyHigh, writeReverseBytes } from './integer-arithmetic.ts';
import { type FloatContext, resultOf, writeFloat } from './translate-float.ts';

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

/** Writes the values of one instruction's expressions; knows those that `let` has bound. */
export class ExpressionTranslator implements FloatContext {
  readonly decoded: DecodedInstruction;
  readonly writer: FunctionWriter;
  readonly #context: InstructionContext;
  readonly #bound = new Map<string, number>();

  constructor(decoded: DecodedInstruction, context: InstructionContext) {
    this.decoded = decoded;
    this.writer = context.writer;
    this.#context = context;
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

  /** Takes a value from the stack, which expressions know by that name from here on. */
  bind(name: string): void {
    const local = this.#context.temporary();
    this.#bound.set(name, local);
    this.writer.set(local);
  }

  /** The address as a local variable and a constant: a register where it is one plus an immediate, or one that is set here. */
  address(expression: Expression): AccessAddress {
    const [base, distance] = expression.op === 'add' ? [expression.a, this.#constant(expression.b)] : [expression, 0];
    if (base.op === 'x' && typeof distance === 'number' && this.register(base.operand) !== 0) {
      const register = this.register(base.operand);
      return { local: this.#context.readX(register), offset: distance, register };
    }
    const local = this.#context.temporary();
    this.value(expression);
    this.writer.set(local);
    return { local, offset: 0 };
  }

  /** The number of the register that an operand names. */
  register(operand: RegisterOperand): number {
    return this.decoded[operand];
  }

  /** The value where it does not depend on the run. */
  #constant(expression: Expression): number | bigint | undefined {
    switch (expression.op) {
      case 'immediate':
        return this.decoded.imm;
      case 'constant': {
        const value = BigInt.asIntN(64, expression.value);
        const small = Number(value);
        return small === (small | 0) ? small : value;
      }
      case 'x':
        return this.register(expression.operand) === 0 ? 0 : undefined;
      default:
        return undefined;
    }
  }

  /** Pushes the value as an i64. */
  value(expression: Expression): void {
    const writer = this.writer;
    const constant = this.#constant(expression);
    if (constant !== undefined) {
      writer.i64(constant);
      return;
    }
    const relative = pcRelative(expression, this.decoded);
    if (relative !== undefined) {
      this.#context.pushPc(relative);
      return;
    }
    switch (expression.op) {
      case 'x':
        writer.get(this.#context.readX(this.register(expression.operand)));
        return;
      case 'local': {
        const local = this.#bound.get(expression.name);
        if (local === undefined)
          throw new InternalError(`${this.decoded.instruction.name}: ${expression.name} is not bound`);
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
        writeReverseBytes(writer, this.toTemporary(expression.a));
        return;
      case 'signExtend':
        this.value(expression.a);
        if (expression.bits === 32 && isWord(expression.a, this.decoded, this.#context.words ?? 0)) return;
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
        this.#context.load(expression.width, expression.signed, this.address(expression.address));
        return;
      case 'constant':
      case 'immediate':
      case 'pc':
      case 'nextPc':
        throw new InternalError('constants and addresses were handled above');
      case 'f':
        writer.get(this.#context.readF(this.register(expression.operand))).op(Op.i64ReinterpretF64);
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
    const writer = this.writer;
    if (isSingle) {
      this.value(expression);
      writer.op(Op.i32WrapI64).op(Op.f32ReinterpretI32);
    } else if (expression.op === 'f') {
      writer.get(this.#context.readF(this.register(expression.operand)));
    } else if (expression.op === 'float' && resultOf(expression) === 'double') {
      writeFloat(expression, this);
    } else if (this.#pushSignInjection(expression)) {
      return;
    } else if (expression.op === 'xor' && isSignBit(expression.b)) {
      this.pushFloat(expression.a, false);
      writer.op(Op.f64Neg);
    } else if (expression.op === 'load' && expression.width === 8) {
      this.#context.load(8, false, this.address(expression.address), true);
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
    const of = this.#context.readF(this.register(magnitude.a.operand));
    const from = sign.a;
    const read = (source: Expression): number | undefined =>
      source.op === 'f' ? this.#context.readF(this.register(source.operand)) : undefined;
    const writer = this.writer;
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
    const writer = this.writer;
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
    const [left, right] = [this.toTemporary(a), this.toTemporary(b)];
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
    const writer = this.writer;
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

  /** The value in a local variable that is free until the instruction ends. */
  toTemporary(expression: Expression): number {
    this.value(expression);
    const local = this.#context.temporary();
    this.writer.set(local);
    return local;
  }
}

const isConstant = (expression: Expression, value: bigint): boolean =>
  expression.op === 'constant' && expression.value === value;
const isSignBit = (expression: Expression): boolean => isConstant(expression, 1n << 63n);
