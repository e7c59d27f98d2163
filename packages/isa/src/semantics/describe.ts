import type { CsrDefinition } from '../csr/csr-definition.ts';
import { type EncodingLayout, layoutOf, type OperandField, operandFormats } from '../encoding/operand-format.ts';
import type { BinaryOperation, Expression, Instruction, Statement } from '../instruction.ts';
import { formatCitation } from '../spec.ts';
import { sensitivityOf } from './sensitivity.ts';

/** Infix symbols; `s` and `u` mark signed and unsigned where it matters. */
const symbols: Readonly<Partial<Record<BinaryOperation, string>>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  and: '&',
  or: '|',
  xor: '^',
  shiftLeft: '<<',
  shiftRightLogical: '>>u',
  shiftRightArithmetic: '>>s',
  equal: '==',
  notEqual: '!=',
  lessSigned: '<s',
  lessUnsigned: '<u',
  greaterEqualSigned: '>=s',
  greaterEqualUnsigned: '>=u',
  divideSigned: '/s',
  divideUnsigned: '/u',
  remainderSigned: '%s',
  remainderUnsigned: '%u',
};

function constantText(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  return signed >= -4096n && signed <= 4096n ? String(signed) : `0x${value.toString(16)}`;
}

/** An expression as readable pseudo-code, with parentheses wherever two operations meet. */
export function formatExpression(expression: Expression): string {
  const inner = (a: Expression): string => {
    const text = formatExpression(a);
    return 'b' in a && a.op in symbols ? `(${text})` : text;
  };
  switch (expression.op) {
    case 'constant':
      return constantText(expression.value);
    case 'x':
      return `x[${expression.operand}]`;
    case 'f':
      return `f[${expression.operand}]`;
    case 'immediate':
      return 'imm';
    case 'pc':
      return 'pc';
    case 'nextPc':
      return 'pc_next';
    case 'local':
      return expression.name;
    case 'signExtend':
    case 'zeroExtend':
      return `${expression.op === 'signExtend' ? 'sext' : 'zext'}${expression.bits}(${formatExpression(expression.a)})`;
    case 'select': {
      const { condition, then, else: otherwise } = expression;
      return `(${formatExpression(condition)} ? ${formatExpression(then)} : ${formatExpression(otherwise)})`;
    }
    case 'load':
      return `${expression.signed ? 'sext' : 'zext'}(M${expression.width * 8}[${formatExpression(expression.address)}])`;
    case 'float':
      return `${expression.operation}(${expression.args.map(formatExpression).join(', ')})`;
    case 'not':
      return `~${inner(expression.a)}`;
    case 'negate':
      return `-${inner(expression.a)}`;
    case 'countLeadingZeros':
    case 'countTrailingZeros':
    case 'populationCount':
    case 'reverseBytes':
      return `${expression.op}(${formatExpression(expression.a)})`;
    default: {
      const symbol = symbols[expression.op];
      if (symbol) return `${inner(expression.a)} ${symbol} ${inner(expression.b)}`;
      return `${expression.op}(${formatExpression(expression.a)}, ${formatExpression(expression.b)})`;
    }
  }
}

/** A statement as a line of pseudo-code. */
export function formatStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'setX':
      return `x[rd] = ${formatExpression(statement.value)}`;
    case 'setF':
      return `f[rd] = ${formatExpression(statement.value)}`;
    case 'let':
      return `${statement.name} = ${formatExpression(statement.value)}`;
    case 'store':
      return `M${statement.width * 8}[${formatExpression(statement.address)}] = ${formatExpression(statement.value)}`;
    case 'jump':
      return `pc = ${formatExpression(statement.target)}`;
    case 'branch':
      return `if (${formatExpression(statement.condition)}) pc = ${formatExpression(statement.target)}`;
    case 'amo': {
      const place = `M${statement.width * 8}[${formatExpression(statement.address)}]`;
      const compared = statement.compare ? `${formatExpression(statement.compare)}, ` : '';
      return `${statement.into} = sext(${place}); ${place} = ${statement.operation}(${statement.into}, ${compared}${formatExpression(statement.value)})  // atomically`;
    }
    case 'loadReserved':
      return `${statement.into} = sext(M${statement.width * 8}[${formatExpression(statement.address)}]); reserve the address`;
    case 'storeConditional': {
      const place = `M${statement.width * 8}[${formatExpression(statement.address)}]`;
      return `${statement.into} = reserved ? (${place} = ${formatExpression(statement.value)}; 0) : 1; drop the reservation`;
    }
    case 'control':
      return `machine: ${statement.operation}`;
    default:
      return statement satisfies never;
  }
}

/** One field of an encoding diagram. */
interface DiagramCell {
  readonly high: number;
  readonly low: number;
  readonly text: string;
}

function operandAt(layout: EncodingLayout, bit: number): { operand: OperandField; valueBit: number } | undefined {
  for (const [operand, { segments }] of layout.fields) {
    for (const { low, length, valueLow } of segments) {
      if (bit >= low && bit < low + length) return { operand, valueBit: valueLow + bit - low };
    }
  }
  return undefined;
}

function diagramCells(layout: EncodingLayout): DiagramCell[] {
  const cells: DiagramCell[] = [];
  let high = layout.width - 1;
  const kindAt = (bit: number): string => {
    if ((layout.mask >>> bit) & 1) return 'fixed';
    return operandAt(layout, bit)?.operand ?? 'ignored';
  };
  // Opcode and funct3 are fields of their own, although they may touch other fixed bits.
  const edges = layout.width === 32 ? [7, 12, 15, 20, 25] : [2, 13];
  for (let low = high; low >= 0; low--) {
    if (low > 0 && kindAt(low - 1) === kindAt(high) && !(kindAt(high) === 'fixed' && edges.includes(low))) continue;
    cells.push({ high, low, text: cellText(layout, kindAt(high), high, low) });
    high = low - 1;
  }
  return cells;
}

function cellText(layout: EncodingLayout, kind: string, high: number, low: number): string {
  if (kind === 'ignored') return '-';
  if (kind === 'fixed') {
    return Array.from({ length: high - low + 1 }, (_, index) => (layout.match >>> (high - index)) & 1).join('');
  }
  if (kind !== 'imm') return kind;
  const parts: string[] = [];
  for (let bit = high; bit >= low; ) {
    const top = operandAt(layout, bit)?.valueBit ?? 0;
    let length = 1;
    while (bit - length >= low && operandAt(layout, bit - length)?.valueBit === top - length) length++;
    parts.push(length === 1 ? String(top) : `${top}:${top - length + 1}`);
    bit -= length;
  }
  return `imm[${parts.join('\\|')}]`;
}

const privilegeNames = { 0: 'user', 1: 'supervisor', 3: 'machine' } as const;

/** The reference page of one instruction in Markdown: encoding, syntax, semantics, privilege, sensitivity, source. */
export function describe(instruction: Instruction): string {
  const layout = layoutOf(instruction.name, instruction.encoding, instruction.format);
  const cells = diagramCells(layout);
  const bits = cells.map(({ high, low }) => (high === low ? `${high}` : `${high}..${low}`));
  const fixed = Object.entries(operandFormats[instruction.format]?.fixed ?? {}).map(
    ([field, value]) => `${field} = ${value}`,
  );
  const lines = [
    `# ${instruction.name}`,
    '',
    instruction.summary,
    '',
    `Extension: ${instruction.extension}`,
    '',
    '## Syntax',
    '',
    '```asm',
    `${instruction.name} ${instruction.syntax}`.trim(),
    '```',
    '',
    '## Encoding',
    '',
    `| ${bits.join(' | ')} |`,
    `|${bits.map(() => '---').join('|')}|`,
    `| ${cells.map(({ text }) => text).join(' | ')} |`,
    '',
  ];
  const notes = [
    ...(instruction.expandsTo === undefined
      ? []
      : [`Expands to \`${instruction.expandsTo}\`${fixed.length > 0 ? ` with ${fixed.join(', ')}` : ''}.`]),
    ...(instruction.where?.length
      ? [`Only when ${instruction.where.map((condition) => condition.replace('!=', ' ≠ ')).join(' and ')}.`]
      : []),
    ...(instruction.refines === undefined ? [] : [`A special case of \`${instruction.refines}\`.`]),
  ];
  if (notes.length > 0) lines.push(notes.join(' '), '');
  lines.push('## Semantics', '', '```', ...instruction.semantics.map(formatStatement), '```', '');
  lines.push(`Lowest privilege: ${privilegeNames[instruction.privilege ?? 0]}`, '');
  const { sensitivity, reason } = sensitivityOf(instruction);
  lines.push(`Sensitivity: ${sensitivity} (${reason})`, '', `Source: ${formatCitation(instruction.cite)}`, '');
  return lines.join('\n');
}

/** The reference page of one CSR in Markdown: address, access, fields, source. */
export function describeCsr(csr: CsrDefinition): string {
  const { view } = csr;
  const of = view && `A view of ${view.shift > 0 ? `bits from ${view.shift} on of ` : ''}\`${view.of}\``;
  const limits = view?.maskedBy === undefined ? '' : `, as far as \`${view.maskedBy}\` allows`;
  return [
    `# ${csr.name}`,
    '',
    `${csr.summary}.`,
    '',
    `Address: 0x${csr.address.toString(16).padStart(3, '0')}; lowest privilege: ${privilegeNames[csr.privilege]}; ${csr.readOnly ? 'read-only' : 'read and write'}`,
    '',
    ...(of ? [`${of}${limits}.`, ''] : []),
    '| bits | field | access | legal values |',
    '|---|---|---|---|',
    ...csr.fields.map(({ high, low, name, access, legal }) => {
      return `| ${high === low ? high : `${high}..${low}`} | ${name} | ${access} | ${legal?.join(', ') ?? (access === 'WARL' || access === 'RW' ? 'any' : '')} |`;
    }),
    '',
    `Source: ${formatCitation(csr.cite)}`,
    '',
  ].join('\n');
}
