import type { AccessWidth, DecodedInstruction, Expression, Instruction, Statement } from '@worldswitch/isa';
import { isFloatTranslatable, isRounding } from '../translation/translate-float.ts';

/** What the compiler must know of a row before it translates it. Derived from the row's semantics, once a row. */
export interface RowShape {
  /** False when every execution goes through the reference semantics: control operations and what the translator lacks. */
  readonly isTranslatable: boolean;
  /** A hint, or an operation that orders memory and nothing else: nothing to do on a hart that performs accesses in order. */
  readonly isOrderingOnly: boolean;
  /** Traps for sure, into the environment. */
  readonly isEnvironmentCall: boolean;
  /** Loads, stores and atomics: 0 or 1. */
  readonly accesses: number;
  readonly jump: Expression | undefined;
  readonly branch: { readonly condition: Expression; readonly target: Expression } | undefined;
  readonly writesX: boolean;
  readonly writesF: boolean;
  /** Operand names of the floating-point registers that it reads. */
  readonly readsF: readonly ('rd' | 'rs1' | 'rs2' | 'rs3')[];
  /** Its float operations; undefined when it has nothing to do with the floating-point unit. */
  readonly floats: readonly Extract<Expression, { readonly op: 'float' }>[] | undefined;
  /** It has float operations that round. */
  readonly isRounding: boolean;
  /** Its load or store, where the address is a register, or that plus the immediate. */
  readonly access:
    | {
        readonly base: 'rd' | 'rs1' | 'rs2' | 'rs3';
        readonly hasImmediate: boolean;
        readonly width: AccessWidth;
        readonly isStore: boolean;
      }
    | undefined;
  /** The register of which it leaves a copy, or that plus the immediate, in rd. */
  readonly movement: { readonly from: 'rd' | 'rs1' | 'rs2' | 'rs3'; readonly hasImmediate: boolean } | undefined;
  /** What it leaves in rd, where that is all that it does. */
  readonly value: Expression | undefined;
  /** Operand names of the integer registers that it reads. */
  readonly readsX: readonly ('rd' | 'rs1' | 'rs2' | 'rs3')[];
}

/** Unary and binary operations that translate.ts can write; rows with others are left to the reference semantics. */
const translatableOperations: ReadonlySet<string> = new Set([
  ...['not', 'negate', 'countLeadingZeros', 'countTrailingZeros', 'populationCount', 'reverseBytes'],
  ...['signExtend', 'zeroExtend', 'add', 'subtract', 'multiply', 'and', 'or', 'xor'],
  ...['multiplyHighSigned', 'multiplyHighUnsigned', 'multiplyHighSignedUnsigned'],
  ...['divideSigned', 'divideUnsigned', 'remainderSigned', 'remainderUnsigned'],
  ...['shiftLeft', 'shiftRightLogical', 'shiftRightArithmetic'],
  ...['equal', 'notEqual', 'lessSigned', 'lessUnsigned', 'greaterEqualSigned', 'greaterEqualUnsigned'],
]);

/** Operations that do nothing here: accesses are made in order, and stores into code are seen at once. */
const orderingOperations: ReadonlySet<string> = new Set(['fence', 'fence.i', 'hint']);

/** The one control operation besides them that is translated: it stores zeros. */
export const ZERO_BLOCK = 'cbo.zero';

const shapes = new WeakMap<Instruction, RowShape>();

/** The shape of an instruction's row. */
export function shapeOf(instruction: Instruction): RowShape {
  let shape = shapes.get(instruction);
  if (!shape) {
    shape = analyse(instruction.semantics);
    shapes.set(instruction, shape);
  }
  return shape;
}

function analyse(semantics: readonly Statement[]): RowShape {
  let isTranslatable = true;
  let isOrderingOnly = false;
  let isEnvironmentCall = false;
  let accesses = 0;
  let jump: Expression | undefined;
  let branch: RowShape['branch'];
  let access: RowShape['access'];
  let writesX = false;
  let writesF = false;
  const readsF = new Set<'rd' | 'rs1' | 'rs2' | 'rs3'>();
  const floats: Extract<Expression, { readonly op: 'float' }>[] = [];
  const reads = new Set<'rd' | 'rs1' | 'rs2' | 'rs3'>();
  const visit = (expression: Expression): void => {
    switch (expression.op) {
      case 'constant':
      case 'immediate':
      case 'pc':
      case 'nextPc':
      case 'local':
        return;
      case 'x':
        reads.add(expression.operand);
        return;
      case 'f':
        readsF.add(expression.operand);
        return;
      case 'float':
        floats.push(expression);
        for (const argument of expression.args) visit(argument);
        return;
      // Rare and without a WebAssembly instruction: left to the reference semantics.
      case 'carrylessMultiply':
      case 'carrylessMultiplyHigh':
        isTranslatable = false;
        return;
      case 'load':
        accesses++;
        access = accessAt(expression.address, expression.width, false);
        visit(expression.address);
        return;
      case 'select':
        // A load in one arm would be performed unconditionally by the translator, which lifts loads out of expressions.
        if (containsLoad(expression.then) || containsLoad(expression.else)) isTranslatable = false;
        visit(expression.condition);
        visit(expression.then);
        visit(expression.else);
        return;
      default:
        if (!translatableOperations.has(expression.op)) isTranslatable = false;
        visit(expression.a);
        if ('b' in expression) visit(expression.b);
    }
  };
  for (const statement of semantics) {
    switch (statement.kind) {
      case 'setX':
        writesX = true;
        visit(statement.value);
        break;
      case 'setF':
        writesF = true;
        visit(statement.value);
        break;
      case 'let':
        visit(statement.value);
        break;
      case 'store':
        accesses++;
        access = accessAt(statement.address, statement.width, true);
        visit(statement.address);
        visit(statement.value);
        break;
      case 'amo':
      case 'storeConditional':
        accesses++;
        if (statement.kind === 'amo' && statement.operation === 'cas') isTranslatable = false;
        visit(statement.address);
        visit(statement.value);
        break;
      case 'loadReserved':
        accesses++;
        visit(statement.address);
        break;
      case 'jump':
        jump = statement.target;
        visit(statement.target);
        break;
      case 'branch':
        branch = { condition: statement.condition, target: statement.target };
        visit(statement.condition);
        visit(statement.target);
        break;
      case 'control':
        isOrderingOnly = orderingOperations.has(statement.operation);
        isEnvironmentCall = statement.operation === 'ecall';
        isTranslatable = isOrderingOnly;
        if (statement.operation === ZERO_BLOCK) {
          isTranslatable = true;
          accesses++;
          reads.add('rs1');
        }
        break;
      default:
        isTranslatable = false;
    }
  }
  if (accesses > 1 || (jump && branch) || (accesses > 0 && (jump || branch))) isTranslatable = false;
  const isFloat = writesF || readsF.size > 0 || floats.length > 0;
  return {
    isTranslatable,
    isOrderingOnly,
    isEnvironmentCall,
    accesses,
    jump,
    branch,
    access,
    value: soleValueOf(semantics),
    movement: movementOf(soleValueOf(semantics)),
    writesX,
    readsX: [...reads],
    writesF,
    readsF: [...readsF],
    floats: isFloat ? floats : undefined,
    isRounding: floats.some(isRounding),
  };
}

function soleValueOf([first, ...others]: readonly Statement[]): Expression | undefined {
  return first?.kind === 'setX' && others.length === 0 ? first.value : undefined;
}

function movementOf(value: Expression | undefined): RowShape['movement'] {
  if (value?.op === 'x') return { from: value.operand, hasImmediate: false };
  if (value?.op !== 'add' || value.a.op !== 'x' || value.b.op !== 'immediate') return undefined;
  return { from: value.a.operand, hasImmediate: true };
}

function accessAt(address: Expression, width: AccessWidth, isStore: boolean): RowShape['access'] {
  if (address.op === 'x') return { base: address.operand, hasImmediate: false, width, isStore };
  if (address.op !== 'add' || address.a.op !== 'x' || address.b.op !== 'immediate') return undefined;
  return { base: address.a.operand, hasImmediate: true, width, isStore };
}

function containsLoad(expression: Expression): boolean {
  switch (expression.op) {
    case 'load':
      return true;
    case 'constant':
    case 'immediate':
    case 'pc':
    case 'nextPc':
    case 'local':
    case 'x':
    case 'f':
      return false;
    case 'float':
      return expression.args.some(containsLoad);
    case 'select':
      return [expression.condition, expression.then, expression.else].some(containsLoad);
    default:
      return containsLoad(expression.a) || ('b' in expression && containsLoad(expression.b));
  }
}

/** Whether the translator can write the instruction: the row is translatable, and it is in its rounding mode. */
export function isTranslatable(decoded: DecodedInstruction): boolean {
  const shape = shapeOf(decoded.instruction);
  return (
    shape.isTranslatable && (shape.floats ?? []).every((expression) => isFloatTranslatable(expression, decoded.rm))
  );
}

/** The distance from the instruction's own address when `expression` is the pc plus a constant. */
export function pcRelative(expression: Expression, decoded: DecodedInstruction): number | undefined {
  switch (expression.op) {
    case 'pc':
      return 0;
    case 'nextPc':
      return decoded.length;
    case 'add': {
      const base = pcRelative(expression.a, decoded);
      const distance = constantNumber(expression.b, decoded);
      return base === undefined || distance === undefined ? undefined : base + distance;
    }
    default:
      return undefined;
  }
}

function constantNumber(expression: Expression, decoded: DecodedInstruction): number | undefined {
  if (expression.op === 'immediate') return decoded.imm;
  if (expression.op === 'constant') {
    const value = BigInt.asIntN(64, expression.value);
    return value >= -0x8000_0000n && value < 0x8000_0000n ? Number(value) : undefined;
  }
  return undefined;
}
