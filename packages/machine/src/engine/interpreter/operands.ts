import type { DecodedInstruction, Expression, Instruction, RegisterOperand, Statement } from '@worldswitch/isa';
import { shapeOf } from '../compiler/discovery/row-shape.ts';
import type { AtomicStatement } from '../compiler/translation/atomic-operation.ts';

/**
 * Rows as the interpreter's handlers see them: the same semantics, with registers and immediate taken from the fields of a decoded
 * instruction when it runs, where the compiler has constants.
 */

/** Numbers that stand for the registers in a handler's fields, all different and none x0. */
export const Operand = { rd: 1, rs1: 2, rs2: 3, rs3: 4 } as const;
/** The immediate, as a register: no row on integer registers has an rs3. */
export const IMMEDIATE = Operand.rs3;
/** The "length" of a handler's instruction: a distance from pc that no immediate has. */
export const NEXT = 0x4000_0000;

const immediate: Expression = { op: 'x', operand: 'rs3' };

function withFields(expression: Expression, result: string | undefined): Expression {
  const inner = (child: Expression): Expression => withFields(child, result);
  switch (expression.op) {
    case 'immediate':
      return immediate;
    case 'local':
      return expression.name === result ? immediate : expression;
    case 'constant':
    case 'x':
    case 'f':
    case 'pc':
    case 'nextPc':
      return expression;
    case 'select': {
      const [condition, then] = [inner(expression.condition), inner(expression.then)];
      return { op: 'select', condition, then, else: inner(expression.else) };
    }
    case 'load':
      return { ...expression, address: inner(expression.address) };
    case 'float':
      return { ...expression, args: expression.args.map(inner) };
    default:
      return 'b' in expression
        ? { ...expression, a: inner(expression.a), b: inner(expression.b) }
        : { ...expression, a: inner(expression.a) };
  }
}

function statementWithFields(statement: Statement, result: string | undefined): Statement {
  switch (statement.kind) {
    case 'setX':
    case 'setF':
    case 'let':
      return { ...statement, value: withFields(statement.value, result) };
    case 'store':
      return {
        ...statement,
        address: withFields(statement.address, result),
        value: withFields(statement.value, result),
      };
    case 'jump':
      return { ...statement, target: withFields(statement.target, result) };
    case 'branch':
      return {
        ...statement,
        condition: withFields(statement.condition, result),
        target: withFields(statement.target, result),
      };
    default:
      return statement;
  }
}

/** The instruction that a handler translates for all instructions of a row. `result` names a local that stands in IMMEDIATE. */
function fieldsOf(instruction: Instruction, rm: number, semantics: readonly Statement[]): DecodedInstruction {
  return { ...fields, instruction: { ...instruction, semantics }, rm };
}

const fields = { bits: 0, length: NEXT as 4, ...Operand, imm: 0, immediate: 0n, csr: 0 };

export const handlerInstruction = (instruction: Instruction, rm: number): DecodedInstruction =>
  fieldsOf(
    instruction,
    rm,
    instruction.semantics.map((statement) => statementWithFields(statement, undefined)),
  );

/** An instruction that does nothing but give the expression to rd. */
export const valueInstruction = (instruction: Instruction, value: Expression): DecodedInstruction =>
  fieldsOf(instruction, 0, [{ kind: 'setX', value: withFields(value, undefined) }]);

/** What is left of an atomic's row when the access has been made and its result stands in IMMEDIATE. */
export const restOfAtomic = (instruction: Instruction, atomic: AtomicStatement): DecodedInstruction =>
  fieldsOf(
    instruction,
    0,
    instruction.semantics.slice(1).map((statement) => statementWithFields(statement, atomic.into)),
  );

/** An instruction that does nothing but jump. */
export const jumpInstruction = (instruction: Instruction, target: Expression): DecodedInstruction =>
  fieldsOf(instruction, 0, [{ kind: 'jump', target: withFields(target, undefined) }]);

/** Bytes from an entry's start at which its operands stand. */
export interface OperandPlaces {
  readonly registers: Readonly<Record<RegisterOperand, number>>;
  readonly hasImmediate: boolean;
  /** rs2 stands where others have rd. */
  readonly isRs2AtRd: boolean;
}

/** Of four bytes; without one, rs2 and rs3 stand there. */
export const IMMEDIATE_PLACE = 4;
export const withoutImmediate: OperandPlaces = {
  registers: { rd: 2, rs1: 3, rs2: 4, rs3: 5 },
  hasImmediate: false,
  isRs2AtRd: false,
};
const withImmediate: OperandPlaces = {
  registers: { rd: 2, rs1: 3, rs2: 2, rs3: 2 },
  hasImmediate: true,
  isRs2AtRd: false,
};
/** Stores and branches: two registers to read besides the immediate, and no rd. */
const withSources: OperandPlaces = { ...withImmediate, isRs2AtRd: true };

/** Where the operands of a row's instructions stand; undefined for a row with more of them than an entry has room for. */
export function operandPlaces(instruction: Instruction): OperandPlaces | undefined {
  const fields = shapeOf(handlerInstruction(instruction, 0).instruction);
  if (!fields.readsX.includes('rs3')) return withoutImmediate;
  const { readsX, readsF, writesX, writesF } = shapeOf(instruction);
  const reads = (operand: RegisterOperand): boolean => readsX.includes(operand) || readsF.includes(operand);
  if (reads('rs3')) return undefined;
  if (!reads('rs2')) return withImmediate;
  return writesX || writesF || reads('rd') ? undefined : withSources;
}
