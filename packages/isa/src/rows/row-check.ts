import { parseSyntax, type SyntaxOperand } from '../disassembler/operand-syntax.ts';
import type { EncodedRow } from '../encoding/decode.ts';
import type { OperandField } from '../encoding/operand-format.ts';
import type { Expression, RegisterOperand } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';
import { floatOperationNames } from '../semantics/float-operation.ts';
import { visitStatement } from '../semantics/sensitivity.ts';

const floatOperations: ReadonlySet<string> = new Set(floatOperationNames);

/**
 * Finds what would go wrong only when the row is executed, assembled or printed.
 * @throws {IsaError} when its syntax cannot be read, or its semantics use an operand that the encoding has not, a local value that
 * is not bound, a floating-point operation that does not exist, or a control operation beside other statements.
 */
export function checkRow({ instruction, layout }: EncodedRow): void {
  const { name, syntax, semantics } = instruction;
  try {
    parseSyntax(syntax);
  } catch (error) {
    throw error instanceof IsaError ? new IsaError(`${name}: ${error.message}`) : error;
  }
  const need = (operand: RegisterOperand | 'imm', what: string): void => {
    if (layout.fields.has(operand) || layout.fixed[operand] !== undefined) return;
    throw new IsaError(`${name}: its semantics ${what} ${operand}, which its encoding does not have`);
  };
  for (const operand of parseSyntax(syntax)) {
    const field = fieldOf(operand);
    if (field === undefined || layout.fields.has(field) || layout.fixed[field] !== undefined) continue;
    throw new IsaError(`${name}: its syntax has ${operand.text}, which its encoding does not have`);
  }
  const bound = new Set<string>();
  const check = (expression: Expression): void => {
    if (expression.op === 'x' || expression.op === 'f') need(expression.operand, 'read');
    if (expression.op === 'immediate') need('imm', 'read');
    if (expression.op === 'local' && !bound.has(expression.name)) {
      throw new IsaError(`${name}: ${expression.name} is read before it is bound`);
    }
    if (expression.op === 'float' && !floatOperations.has(expression.operation)) {
      throw new IsaError(`${name}: there is no floating-point operation ${expression.operation}`);
    }
  };
  for (const statement of semantics) {
    visitStatement(statement, check);
    if (statement.kind === 'setX' || statement.kind === 'setF') need('rd', 'write');
    if (statement.kind === 'let') bound.add(statement.name);
    if ('into' in statement) bound.add(statement.into);
    if (statement.kind === 'control' && semantics.length > 1) {
      throw new IsaError(`${name}: the control operation ${statement.operation} must be its only statement`);
    }
  }
}

/** The operand that a part of a syntax stands for; undefined for what stands for none, or is none of those. */
function fieldOf(operand: SyntaxOperand): OperandField | undefined {
  switch (operand.kind) {
    case 'x':
    case 'f':
      return operand.field;
    case 'imm':
    case 'shamt':
    case 'upper':
    case 'target':
      return 'imm';
    case 'csr':
      return 'csr';
    default:
      return undefined;
  }
}
