import type { BinaryOperation, Instruction, UnaryOperation } from '../instruction.ts';
import { IsaError } from '../isa-error.ts';

/** What a value is to be; fields of statements and expressions by name. */
type Form =
  | 'expression'
  | 'expressions'
  | 'text'
  | 'bigint'
  | 'boolean'
  | 'register'
  | readonly number[]
  | 'absent or expression';
type Forms = Readonly<Record<string, Form>>;

const one: Forms = { a: 'expression' };
const two: Forms = { a: 'expression', b: 'expression' };
const extension: Forms = { bits: [8, 16, 32], a: 'expression' };

const unary: Readonly<Record<UnaryOperation, Forms>> = {
  not: one,
  negate: one,
  countLeadingZeros: one,
  countTrailingZeros: one,
  populationCount: one,
  reverseBytes: one,
};
const binary: Readonly<Record<BinaryOperation, Forms>> = {
  add: two,
  subtract: two,
  multiply: two,
  multiplyHighSigned: two,
  multiplyHighUnsigned: two,
  multiplyHighSignedUnsigned: two,
  divideSigned: two,
  divideUnsigned: two,
  remainderSigned: two,
  remainderUnsigned: two,
  carrylessMultiply: two,
  carrylessMultiplyHigh: two,
  and: two,
  or: two,
  xor: two,
  shiftLeft: two,
  shiftRightLogical: two,
  shiftRightArithmetic: two,
  equal: two,
  notEqual: two,
  lessSigned: two,
  lessUnsigned: two,
  greaterEqualSigned: two,
  greaterEqualUnsigned: two,
};
const expressions: Readonly<Record<string, Forms>> = {
  ...unary,
  ...binary,
  constant: { value: 'bigint' },
  x: { operand: 'register' },
  f: { operand: 'register' },
  immediate: {},
  pc: {},
  nextPc: {},
  local: { name: 'text' },
  signExtend: extension,
  zeroExtend: extension,
  // biome-ignore lint/suspicious/noThenProperty: the field of an expression
  select: { condition: 'expression', then: 'expression', else: 'expression' },
  load: { width: [1, 2, 4, 8], signed: 'boolean', address: 'expression' },
  float: { operation: 'text', args: 'expressions' },
};
const statements: Readonly<Record<string, Forms>> = {
  setX: { value: 'expression' },
  setF: { value: 'expression' },
  let: { name: 'text', value: 'expression' },
  store: { width: [1, 2, 4, 8], address: 'expression', value: 'expression' },
  jump: { target: 'expression' },
  branch: { condition: 'expression', target: 'expression' },
  amo: {
    operation: 'text',
    width: [4, 8],
    address: 'expression',
    value: 'expression',
    into: 'text',
    compare: 'absent or expression',
  },
  loadReserved: { width: [4, 8], address: 'expression', into: 'text' },
  storeConditional: { width: [4, 8], address: 'expression', value: 'expression', into: 'text' },
  control: { operation: 'text' },
};

/**
 * Refuses what is no row at all, as code without types may hand in: all else that looks at rows takes their form for granted.
 * @throws {IsaError} that says what is wrong, and where.
 */
export function requireRowForm(row: Instruction): void {
  if (typeof row !== 'object' || row === null) throw new IsaError(`an instruction is ${kindOf(row)}, not a row`);
  const name = typeof row.name === 'string' && row.name !== '' ? row.name : undefined;
  if (name === undefined) throw new IsaError(`the name of an instruction is ${kindOf(row.name)}, not a text`);
  for (const field of ['extension', 'encoding', 'format', 'syntax', 'summary'] as const) {
    if (typeof row[field] !== 'string')
      throw new IsaError(`${name}: its ${field} is ${kindOf(row[field])}, not a text`);
  }
  if (!Array.isArray(row.semantics)) {
    throw new IsaError(`${name}: its semantics are ${kindOf(row.semantics)}, not a list of statements`);
  }
  for (const statement of row.semantics) requireNode(statement, 'kind', statements, `${name}: a statement`);
}

function requireNode(node: unknown, tag: 'kind' | 'op', forms: Readonly<Record<string, Forms>>, where: string): void {
  if (typeof node !== 'object' || node === null) {
    const hint =
      tag === 'op' && (typeof node === 'bigint' || typeof node === 'number')
        ? '; numbers are written constant(5n)'
        : '';
    throw new IsaError(`${where} is ${kindOf(node)}, not ${tag === 'op' ? 'an expression' : 'a statement'}${hint}`);
  }
  const kind = (node as Readonly<Record<string, unknown>>)[tag];
  const fields = typeof kind === 'string' && Object.hasOwn(forms, kind) ? forms[kind] : undefined;
  if (!fields) throw new IsaError(`${where} has the ${tag} ${kindOf(kind)}, which there is not`);
  for (const [field, form] of Object.entries(fields)) {
    requireForm((node as Readonly<Record<string, unknown>>)[field], form, `${where}: ${field} of ${kind}`);
  }
}

function requireForm(value: unknown, form: Form, where: string): void {
  const refuse = (expected: string): never => {
    throw new IsaError(`${where} is ${kindOf(value)}, not ${expected}`);
  };
  switch (form) {
    case 'absent or expression':
      if (value !== undefined) requireNode(value, 'op', expressions, where);
      break;
    case 'expression':
      requireNode(value, 'op', expressions, where);
      break;
    case 'expressions':
      if (!Array.isArray(value)) refuse('a list of expressions');
      for (const each of value as readonly unknown[]) requireNode(each, 'op', expressions, where);
      break;
    case 'text':
      if (typeof value !== 'string') refuse('a text');
      break;
    case 'bigint':
      if (typeof value !== 'bigint') refuse('a bigint');
      break;
    case 'boolean':
      if (typeof value !== 'boolean') refuse('true or false');
      break;
    case 'register':
      if (!['rd', 'rs1', 'rs2', 'rs3'].includes(value as string)) refuse('rd, rs1, rs2 or rs3');
      break;
    default:
      if (!form.includes(value as number)) refuse(`one of ${form.join(', ')}`);
  }
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
