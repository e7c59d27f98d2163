import { aliasesNamed } from '../disassembler/alias.ts';
import { parseSyntax } from '../disassembler/operand-syntax.ts';
import type { OperandField } from '../encoding/operand-format.ts';
import { defaultInstructionSet, type InstructionSet } from '../instruction-set.ts';
import { AssemblerError } from './assembler-error.ts';
import { Assembly, addressOf, type StatementContext } from './assembly.ts';
import { assembleDirective } from './directives.ts';
import { emitInstruction } from './emit.ts';
import { evaluateExpression } from './expression.ts';
import { parseStatements, type Token } from './lexer.ts';
import { type Mismatch, matchOperands } from './operands.ts';
import { assembleSymbolAccess, pseudoInstructionNamed } from './pseudo-instructions.ts';

export interface AssembleOptions {
  /** Address of the first section; 0 when absent. The others follow in order of their first appearance. */
  readonly origin?: bigint | number;
  /** {@link defaultInstructionSet} when absent. */
  readonly instructionSet?: InstructionSet;
}

export interface AssembledSection {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

export interface AssembledProgram {
  readonly origin: bigint;
  readonly sections: readonly AssembledSection[];
  /** Addresses of labels and values of `.equ` symbols. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Names made visible with `.globl`. */
  readonly globals: ReadonlySet<string>;
  /** All sections as they lie in memory from `origin` on, gaps filled with zeros. */
  readonly bytes: Uint8Array;
  /** The address of `_start`, or `origin`. */
  readonly entry: bigint;
}

/** One way to write an instruction, and what it fixes. */
interface Candidate {
  readonly row: string;
  readonly syntax: string;
  readonly operands: Readonly<Partial<Record<OperandField, number | OperandField>>>;
}

const orderings: Readonly<Record<string, Readonly<Partial<Record<OperandField, number>>>>> = {
  aq: { aq: 1 },
  rl: { rl: 1 },
  aqrl: { aq: 1, rl: 1 },
};

/** Everything that a mnemonic may mean: rows, also with a `.aq` or `.rl` suffix, and aliases. */
function candidatesNamed(name: string, set: InstructionSet): Candidate[] {
  const candidates: Candidate[] = [];
  const row = set.byName(name);
  if (row) candidates.push({ row: name, syntax: row.syntax, operands: {} });
  const [, base = '', suffix = ''] = /^(.*)\.(aqrl|aq|rl)$/.exec(name) ?? [];
  const atomic = set.encodedByName(base);
  if (atomic?.layout.fields.has('aq')) {
    candidates.push({ row: base, syntax: atomic.instruction.syntax, operands: orderings[suffix] ?? {} });
  }
  for (const { of, syntax, operands } of aliasesNamed(name)) {
    if (set.byName(of)) candidates.push({ row: of, syntax, operands });
  }
  return candidates;
}

function assembleInstruction(assembly: Assembly, context: StatementContext, mnemonic: Token): void {
  const name = mnemonic.text.toLowerCase();
  const pseudo = pseudoInstructionNamed(name);
  if (pseudo) {
    pseudo(assembly, context);
    return;
  }
  const candidates = candidatesNamed(name, assembly.instructionSet);
  let best: Mismatch | undefined;
  for (const { row, syntax, operands } of candidates) {
    const match = matchOperands(parseSyntax(syntax), assembly, context);
    if ('error' in match) {
      if (!best || match.matched > best.matched) best = match;
      continue;
    }
    const values: Partial<Record<OperandField, number>> = { ...match.values };
    for (const [field, value] of Object.entries(operands)) {
      values[field as OperandField] = typeof value === 'number' ? value : (match.values[value] ?? 0);
    }
    emitInstruction(assembly, context, { row, values, immediate: match.immediate });
    return;
  }
  if (assembleSymbolAccess(assembly, context, name)) return;
  if (best) throw best.error;
  throw new AssemblerError(mnemonic, `unknown instruction ${mnemonic.text}`, 'a mnemonic of the chosen extensions');
}

/**
 * Assembles GNU-syntax RISC-V source. Instructions are never compressed or relaxed on their own account: `c.addi` is 2 bytes,
 * `addi` 4, `call` and `la` always two instructions.
 * @throws {AssemblerError} at the first mistake.
 */
export function assemble(source: string, options: AssembleOptions = {}): AssembledProgram {
  const assembly = new Assembly(options.instructionSet ?? defaultInstructionSet());
  let lastContext: StatementContext | undefined;
  for (const [order, statement] of parseStatements(source).entries()) {
    for (const label of statement.labels) assembly.defineLabel(label, order);
    const context = { statement, order, here: assembly.here };
    lastContext = context;
    const { mnemonic } = statement;
    if (mnemonic?.text.startsWith('.')) assembleDirective(assembly, context, mnemonic);
    else if (mnemonic) assembleInstruction(assembly, context, mnemonic);
  }
  const origin = BigInt.asUintN(64, BigInt(options.origin ?? 0));
  assembly.finish(origin);
  return programOf(assembly, origin, lastContext);
}

function programOf(assembly: Assembly, origin: bigint, context: StatementContext | undefined): AssembledProgram {
  const sections = [...assembly.sections.values()]
    .filter(({ bytes }) => bytes.length > 0)
    .map(({ name, address, bytes }) => ({ name, address, bytes: Uint8Array.from(bytes) }));
  const symbols = new Map<string, bigint>();
  for (const [name, symbol] of assembly.symbols) {
    const value =
      'expression' in symbol
        ? context && evaluateExpression(symbol.expression, assembly.lookupFrom(symbol.context))
        : undefined;
    symbols.set(name, 'expression' in symbol ? BigInt.asUintN(64, value?.offset ?? 0n) : addressOf(symbol));
  }
  const end = sections.reduce((highest, { address, bytes }) => {
    const sectionEnd = address + BigInt(bytes.length);
    return sectionEnd > highest ? sectionEnd : highest;
  }, origin);
  const bytes = new Uint8Array(Number(end - origin));
  for (const section of sections) bytes.set(section.bytes, Number(section.address - origin));
  return { origin, sections, symbols, globals: assembly.globals, bytes, entry: symbols.get('_start') ?? origin };
}
