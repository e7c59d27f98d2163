import { parseSyntax, type SyntaxOperand } from '../disassembler/operand-syntax.ts';
import type { OperandField } from '../encoding/operand-format.ts';
import { floatRegisterNumbers, integerRegisterNumbers } from '../registers.ts';
import { AssemblerError } from './assembler-error.ts';
import type { Assembly, StatementContext } from './assembly.ts';
import { emitInstruction } from './emit.ts';
import { type AssemblyExpression, parseExpression } from './expression.ts';
import type { Token } from './lexer.ts';
import { isRegister } from './operands.ts';

/** A pseudo-instruction that becomes several instructions, or whose length depends on its operand. */
type PseudoInstruction = (assembly: Assembly, context: StatementContext) => void;

const returnAddress = 1;
const temporary = 6;

function registerAt({ statement }: StatementContext, index: number): number {
  const token = statement.operands[index]?.[0];
  const number = integerRegisterNumbers.get(token?.text ?? '');
  if (number !== undefined && statement.operands[index]?.length === 1) return number;
  throw new AssemblerError(
    token ?? statement.end,
    token ? `unexpected ${token.text}` : 'the operand is missing',
    'an integer register',
  );
}

function expressionAt({ statement }: StatementContext, index: number): AssemblyExpression {
  return parseExpression(statement.operands[index] ?? [], statement.end);
}

function checkCount({ statement }: StatementContext, count: number, wanted: string): void {
  if (statement.operands.length === count) return;
  const extra = statement.operands[count]?.[0];
  throw new AssemblerError(extra ?? statement.end, extra ? 'too many operands' : 'too few operands', wanted);
}

const fits = (bits: number, value: bigint): boolean => BigInt.asIntN(bits, value) === value;

/** One step of building a constant. */
interface Step {
  readonly row: string;
  readonly source: number;
  readonly imm: number;
}

/**
 * The instructions that GNU as makes of `li`: 12 bits by addi, 32 bits by lui and addiw, more by building the upper part first,
 * shifting it left as far as its trailing zeros allow, and adding the low 12 bits. (A small upper part is made with addiw.)
 */
function constantSteps(register: number, value: bigint, small = 'addi'): Step[] {
  if (fits(12, value)) return [{ row: small, source: 0, imm: Number(value) }];
  const low = BigInt.asIntN(12, value);
  const addLow = (row: string): Step[] => (low === 0n ? [] : [{ row, source: register, imm: Number(low) }]);
  if (fits(32, value)) {
    return [{ row: 'lui', source: 0, imm: Number(BigInt.asIntN(32, value - low)) }, ...addLow('addiw')];
  }
  let upper = BigInt.asIntN(64, value - low);
  let shift = 0;
  for (; (upper & 1n) === 0n; upper >>= 1n) shift++;
  return [...constantSteps(register, upper, 'addiw'), { row: 'slli', source: register, imm: shift }, ...addLow('addi')];
}

const loadImmediate: PseudoInstruction = (assembly, context) => {
  checkCount(context, 2, 'rd, constant');
  const rd = registerAt(context, 0);
  const value = BigInt.asIntN(64, assembly.constant(expressionAt(context, 1), context));
  const token = context.statement.operands[1]?.[0] as Token;
  for (const { row, source, imm } of constantSteps(rd, value)) {
    const expression: AssemblyExpression = { kind: 'number', value: BigInt(imm), token };
    emitInstruction(assembly, context, {
      row,
      values: { rd, rs1: source },
      immediate: { modifier: 'value', expression },
    });
  }
};

/** `auipc base, upper half` and then the row with the low half of the distance. */
function emitPair(
  assembly: Assembly,
  context: StatementContext,
  base: number,
  expression: AssemblyExpression,
  row: string,
  values: Readonly<Partial<Record<OperandField, number>>>,
): void {
  const anchor = assembly.here;
  emitInstruction(assembly, context, {
    row: 'auipc',
    values: { rd: base },
    immediate: { modifier: '%pcrel_hi', expression },
  });
  emitInstruction(assembly, context, {
    row,
    values: { ...values, rs1: base },
    immediate: { modifier: '%pcrel_lo', expression },
    anchor,
  });
}

const loadAddress: PseudoInstruction = (assembly, context) => {
  checkCount(context, 2, 'rd, symbol');
  const rd = registerAt(context, 0);
  emitPair(assembly, context, rd, expressionAt(context, 1), 'addi', { rd });
};

const call: PseudoInstruction = (assembly, context) => {
  const hasRegister = context.statement.operands.length === 2;
  checkCount(context, hasRegister ? 2 : 1, 'a symbol');
  const rd = hasRegister ? registerAt(context, 0) : returnAddress;
  emitPair(assembly, context, rd, expressionAt(context, hasRegister ? 1 : 0), 'jalr', { rd });
};

const tail: PseudoInstruction = (assembly, context) => {
  checkCount(context, 1, 'a symbol');
  emitPair(assembly, context, temporary, expressionAt(context, 0), 'jalr', { rd: 0 });
};

const jumpThrough: PseudoInstruction = (assembly, context) => {
  checkCount(context, 2, 'symbol, temporary register');
  emitPair(assembly, context, registerAt(context, 1), expressionAt(context, 0), 'jalr', { rd: 0 });
};

const unimplemented: PseudoInstruction = (assembly, context) => {
  checkCount(context, 0, 'no operands');
  assembly.emit([0, 0]);
};

const pseudoInstructions: Readonly<Record<string, PseudoInstruction>> = {
  li: loadImmediate,
  la: loadAddress,
  lla: loadAddress,
  call,
  tail,
  jump: jumpThrough,
  'c.unimp': unimplemented,
};

/** Those that may become several instructions; the others are `aliases`. */
export const pseudoInstructionNames: readonly string[] = Object.keys(pseudoInstructions);

export const pseudoInstructionNamed = (name: string): PseudoInstruction | undefined => pseudoInstructions[name];

const isMemory = (operand: SyntaxOperand | undefined): boolean => operand?.kind === 'memory' && operand.hasOffset;

/**
 * `lw rd, symbol`, `sw rs2, symbol, temporary`, `flw frd, symbol, temporary`: loads and stores of a row whose second operand is an
 * address, written with a symbol in its place. False when the statement is not one.
 */
export function assembleSymbolAccess(assembly: Assembly, context: StatementContext, row: string): boolean {
  const { operands } = context.statement;
  const [register, address] = parseSyntax(assembly.instructionSet.byName(row)?.syntax ?? '');
  const hasBase = operands[1]?.some((token, index, tokens) => token.text === '(' && isRegister(tokens[index + 1]));
  if (!isMemory(address) || !register || !operands[1] || hasBase || row.startsWith('c.') || row === 'jalr')
    return false;
  if (register.kind !== 'x' && register.kind !== 'f') return false;
  const needsTemporary = register.field !== 'rd' || register.kind === 'f';
  if (operands.length !== (needsTemporary ? 3 : 2)) return false;
  const numbers = register.kind === 'x' ? integerRegisterNumbers : floatRegisterNumbers;
  const number = numbers.get(operands[0]?.[0]?.text ?? '');
  if (number === undefined) return false;
  const base = needsTemporary ? registerAt(context, 2) : number;
  emitPair(assembly, context, base, expressionAt(context, 1), row, { [register.field]: number });
  return true;
}
