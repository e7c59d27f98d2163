import type {
  AccessWidth,
  AmoOperation,
  BinaryOperation,
  DecodedInstruction,
  Expression,
  Instruction,
  Statement,
  UnaryOperation,
} from '../instruction.ts';
import { IsaError } from '../isa-error.ts';

/**
 * What the reference semantics act on. All 64-bit values are bigints in [0, 2^64). A member signals a guest fault by throwing
 * whatever its owner catches; the instruction then has no further effect.
 */
export interface EvaluationState {
  /** Register 0 must read as 0; it is never written. */
  readX(register: number): bigint;
  writeX(register: number, value: bigint): void;
  readF(register: number): bigint;
  writeF(register: number, value: bigint): void;
  /** Address of the instruction. */
  readonly pc: bigint;
  /** Address of the next instruction: the owner sets it to pc plus length before, jumps and taken branches change it. */
  nextPc: bigint;
  /** The bytes at the address as an unsigned little-endian number. */
  load(width: AccessWidth, address: bigint): bigint;
  /** Stores the low bytes of the value. */
  store(width: AccessWidth, address: bigint, value: bigint): void;
  /**
   * Performs the operation on memory and the low bytes of the value; returns the old memory bytes, unsigned.
   * @param compare for `cas` only
   */
  amo(operation: AmoOperation, width: 4 | 8, address: bigint, value: bigint, compare?: bigint): bigint;
  loadReserved(width: 4 | 8, address: bigint): bigint;
  /** True if the store was performed. */
  storeConditional(width: 4 | 8, address: bigint, value: bigint): boolean;
  /** CSR accesses, trap returns, fences and so on, by the name of the row's control statement. */
  control(operation: string, decoded: DecodedInstruction): void;
  /** A floating-point operation on bit patterns; `rm` is the instruction's rounding-mode field (7: the one in fcsr). */
  float(operation: string, args: readonly bigint[], rm: number): bigint;
}

type Value = (decoded: DecodedInstruction, state: EvaluationState) => bigint;
type Effect = (decoded: DecodedInstruction, state: EvaluationState) => void;

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
const truth = (condition: boolean): bigint => (condition ? 1n : 0n);
const minimum = -(1n << 63n);
const allOnes = (1n << 64n) - 1n;

function carrylessProduct(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let shifted = a, rest = b; rest !== 0n; shifted <<= 1n, rest >>= 1n) if ((rest & 1n) === 1n) product ^= shifted;
  return product;
}

/** The meaning of each binary operation on unsigned 64-bit values. */
export const binaryOperations: Readonly<Record<BinaryOperation, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => unsigned(a + b),
  subtract: (a, b) => unsigned(a - b),
  multiply: (a, b) => unsigned(a * b),
  multiplyHighSigned: (a, b) => unsigned((signed(a) * signed(b)) >> 64n),
  multiplyHighUnsigned: (a, b) => (a * b) >> 64n,
  multiplyHighSignedUnsigned: (a, b) => unsigned((signed(a) * b) >> 64n),
  divideSigned: (a, b) => {
    if (b === 0n) return allOnes;
    const dividend = signed(a);
    return b === allOnes && dividend === minimum ? a : unsigned(dividend / signed(b));
  },
  divideUnsigned: (a, b) => (b === 0n ? allOnes : a / b),
  remainderSigned: (a, b) => (b === 0n ? a : unsigned(signed(a) % signed(b))),
  remainderUnsigned: (a, b) => (b === 0n ? a : a % b),
  carrylessMultiply: (a, b) => unsigned(carrylessProduct(a, b)),
  carrylessMultiplyHigh: (a, b) => carrylessProduct(a, b) >> 64n,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, b) => unsigned(a << (b & 63n)),
  shiftRightLogical: (a, b) => a >> (b & 63n),
  shiftRightArithmetic: (a, b) => unsigned(signed(a) >> (b & 63n)),
  equal: (a, b) => truth(a === b),
  notEqual: (a, b) => truth(a !== b),
  lessSigned: (a, b) => truth(signed(a) < signed(b)),
  lessUnsigned: (a, b) => truth(a < b),
  greaterEqualSigned: (a, b) => truth(signed(a) >= signed(b)),
  greaterEqualUnsigned: (a, b) => truth(a >= b),
};

/** The meaning of each unary operation on unsigned 64-bit values. */
export const unaryOperations: Readonly<Record<UnaryOperation, (a: bigint) => bigint>> = {
  not: (a) => a ^ allOnes,
  negate: (a) => unsigned(-a),
  countLeadingZeros: (a) => BigInt(a === 0n ? 64 : 64 - a.toString(2).length),
  countTrailingZeros: (a) => BigInt(a === 0n ? 64 : (a & -a).toString(2).length - 1),
  populationCount: (a) => {
    let count = 0n;
    for (let rest = a; rest !== 0n; rest &= rest - 1n) count++;
    return count;
  },
  reverseBytes: (a) => {
    let result = 0n;
    for (let index = 0n; index < 64n; index += 8n) result = (result << 8n) | ((a >> index) & 0xffn);
    return result;
  },
};

/** Values bound by `let` and its like while one instruction runs; slots are given out when a row is prepared. */
const locals: bigint[] = [];

function prepareExpression(expression: Expression, slots: readonly string[]): Value {
  const prepare = (inner: Expression): Value => prepareExpression(inner, slots);
  switch (expression.op) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'x': {
      const { operand } = expression;
      if (operand === 'rs1') return (decoded, state) => state.readX(decoded.rs1);
      if (operand === 'rs2') return (decoded, state) => state.readX(decoded.rs2);
      return (decoded, state) => state.readX(decoded[operand]);
    }
    case 'f': {
      const { operand } = expression;
      return (decoded, state) => state.readF(decoded[operand]);
    }
    case 'immediate':
      return (decoded) => decoded.immediate;
    case 'pc':
      return (_, state) => state.pc;
    case 'nextPc':
      return (decoded, state) => unsigned(state.pc + (decoded.length === 2 ? 2n : 4n));
    case 'local': {
      const slot = slots.indexOf(expression.name);
      if (slot < 0) throw new IsaError(`${expression.name} is read before it is bound`);
      return () => locals[slot] as bigint;
    }
    case 'signExtend':
    case 'zeroExtend': {
      const a = prepare(expression.a);
      const { bits } = expression;
      if (expression.op === 'zeroExtend') return (decoded, state) => BigInt.asUintN(bits, a(decoded, state));
      return (decoded, state) => unsigned(BigInt.asIntN(bits, a(decoded, state)));
    }
    case 'select': {
      const condition = prepare(expression.condition);
      const then = prepare(expression.then);
      const otherwise = prepare(expression.else);
      return (decoded, state) => (condition(decoded, state) !== 0n ? then(decoded, state) : otherwise(decoded, state));
    }
    case 'load': {
      const address = prepare(expression.address);
      const { width } = expression;
      if (!expression.signed) return (decoded, state) => state.load(width, address(decoded, state));
      const bits = width * 8;
      return (decoded, state) => unsigned(BigInt.asIntN(bits, state.load(width, address(decoded, state))));
    }
    case 'float': {
      const args = expression.args.map(prepare);
      const { operation } = expression;
      return (decoded, state) =>
        state.float(
          operation,
          args.map((arg) => arg(decoded, state)),
          decoded.rm,
        );
    }
    case 'not':
    case 'negate':
    case 'countLeadingZeros':
    case 'countTrailingZeros':
    case 'populationCount':
    case 'reverseBytes': {
      const a = prepare(expression.a);
      const operate = unaryOperations[expression.op];
      return (decoded, state) => operate(a(decoded, state));
    }
    case 'add': {
      // The commonest node by far, so without the call through the table.
      const a = prepare(expression.a);
      const b = prepare(expression.b);
      return (decoded, state) => BigInt.asUintN(64, a(decoded, state) + b(decoded, state));
    }
    default: {
      const a = prepare(expression.a);
      const b = prepare(expression.b);
      const operate = binaryOperations[expression.op];
      return (decoded, state) => operate(a(decoded, state), b(decoded, state));
    }
  }
}

function prepareStatement(statement: Statement, slots: string[]): Effect {
  const prepare = (expression: Expression): Value => prepareExpression(expression, slots);
  const bindSlot = (name: string): number => slots.push(name) - 1;
  switch (statement.kind) {
    case 'setX': {
      const value = prepare(statement.value);
      return (decoded, state) => {
        // Evaluated even when it goes to x0, for a load may fault.
        const result = value(decoded, state);
        if (decoded.rd !== 0) state.writeX(decoded.rd, result);
      };
    }
    case 'setF': {
      const value = prepare(statement.value);
      return (decoded, state) => state.writeF(decoded.rd, value(decoded, state));
    }
    case 'let': {
      const value = prepare(statement.value);
      const slot = bindSlot(statement.name);
      return (decoded, state) => {
        locals[slot] = value(decoded, state);
      };
    }
    case 'store': {
      const address = prepare(statement.address);
      const value = prepare(statement.value);
      const { width } = statement;
      return (decoded, state) => state.store(width, address(decoded, state), value(decoded, state));
    }
    case 'jump': {
      const target = prepare(statement.target);
      return (decoded, state) => {
        state.nextPc = target(decoded, state);
      };
    }
    case 'branch': {
      const condition = prepare(statement.condition);
      const target = prepare(statement.target);
      return (decoded, state) => {
        if (condition(decoded, state) !== 0n) state.nextPc = target(decoded, state);
      };
    }
    case 'amo': {
      const address = prepare(statement.address);
      const value = prepare(statement.value);
      const slot = bindSlot(statement.into);
      const { operation, width } = statement;
      const compare = statement.compare && prepare(statement.compare);
      return (decoded, state) => {
        const old = state.amo(
          operation,
          width,
          address(decoded, state),
          value(decoded, state),
          compare?.(decoded, state),
        );
        locals[slot] = unsigned(BigInt.asIntN(width * 8, old));
      };
    }
    case 'loadReserved': {
      const address = prepare(statement.address);
      const slot = bindSlot(statement.into);
      const { width } = statement;
      return (decoded, state) => {
        locals[slot] = unsigned(BigInt.asIntN(width * 8, state.loadReserved(width, address(decoded, state))));
      };
    }
    case 'storeConditional': {
      const address = prepare(statement.address);
      const value = prepare(statement.value);
      const slot = bindSlot(statement.into);
      const { width } = statement;
      return (decoded, state) => {
        const isStored = state.storeConditional(width, address(decoded, state), value(decoded, state));
        locals[slot] = isStored ? 0n : 1n;
      };
    }
    case 'control': {
      const { operation } = statement;
      return (decoded, state) => state.control(operation, decoded);
    }
    default:
      return statement satisfies never;
  }
}

/** @throws {IsaError} when a row reads a local value that it has not bound. */
function prepareRow(instruction: Instruction): Effect {
  const slots: string[] = [];
  const effects = instruction.semantics.map((statement) => prepareStatement(statement, slots));
  const [only] = effects;
  if (only && effects.length === 1) return only;
  return (decoded, state) => {
    for (const effect of effects) effect(decoded, state);
  };
}

const prepared = new WeakMap<Instruction, Effect>();

/**
 * The reference semantics: executes one decoded instruction on a state. The state's `nextPc` must already be pc plus the
 * instruction's length. Rows are turned into closures at their first use.
 */
export function evaluate(decoded: DecodedInstruction, state: EvaluationState): void {
  preparedSemantics(decoded.instruction)(decoded, state);
}

/** What {@link evaluate} does for one row, as a function to keep with decoded instructions. Always the same one for a row. */
export function preparedSemantics(
  instruction: Instruction,
): (decoded: DecodedInstruction, state: EvaluationState) => void {
  let effect = prepared.get(instruction);
  if (effect === undefined) {
    effect = prepareRow(instruction);
    prepared.set(instruction, effect);
  }
  return effect;
}

/**
 * The semantics of unsigned 64-bit AMO operands, for executors: the new memory value. `width` 4 looks at the low words.
 * @param compare for `cas` only
 */
export function amoResult(operation: AmoOperation, width: 4 | 8, old: bigint, value: bigint, compare = 0n): bigint {
  const bits = width * 8;
  const a = BigInt.asUintN(bits, old);
  const b = BigInt.asUintN(bits, value);
  const isLess = BigInt.asIntN(bits, old) < BigInt.asIntN(bits, value);
  switch (operation) {
    case 'swap':
      return b;
    case 'cas':
      return a === BigInt.asUintN(bits, compare) ? b : a;
    case 'add':
      return BigInt.asUintN(bits, a + b);
    case 'xor':
      return a ^ b;
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'min':
      return isLess ? a : b;
    case 'max':
      return isLess ? b : a;
    case 'minu':
      return a < b ? a : b;
    case 'maxu':
      return a < b ? b : a;
    default:
      return operation satisfies never;
  }
}
