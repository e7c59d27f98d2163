import { AssemblerError } from './assembler-error.ts';
import type { Assembly, StatementContext } from './assembly.ts';
import { evaluateExpression, parseExpression } from './expression.ts';
import type { Token } from './lexer.ts';

type Directive = (assembly: Assembly, context: StatementContext) => void;

function constantOperand(assembly: Assembly, context: StatementContext, index: number, absent?: bigint): bigint {
  const tokens = context.statement.operands[index];
  if ((!tokens || tokens.length === 0) && absent !== undefined) return absent;
  return assembly.constant(parseExpression(tokens ?? [], context.statement.end), context);
}

function nameOperand({ statement }: StatementContext, index: number, expected: string): Token {
  const token = statement.operands[index]?.[0];
  if (token?.kind === 'name') return token;
  throw new AssemblerError(
    token ?? statement.end,
    token ? `unexpected ${token.text}` : 'the name is missing',
    expected,
  );
}

/** A byte count within reason: assembled programs are small. */
function countOperand(assembly: Assembly, context: StatementContext, index: number): number {
  const count = constantOperand(assembly, context, index);
  if (count >= 0n && count <= 0x100_0000n) return Number(count);
  throw new AssemblerError(
    context.statement.operands[index]?.[0] ?? context.statement.end,
    `${count} bytes`,
    'a size from 0 to 16 MiB',
  );
}

const data =
  (size: number): Directive =>
  (assembly, context) => {
    for (const tokens of context.statement.operands) {
      const expression = parseExpression(tokens, context.statement.end);
      const here = { ...context, here: assembly.here };
      assembly.emitLater(size, () => {
        const value = assembly.address(expression, here);
        const bits = size * 8;
        if (
          size < 8 &&
          BigInt.asUintN(bits, value) !== value &&
          BigInt.asIntN(bits, value) !== BigInt.asIntN(64, value)
        ) {
          throw new AssemblerError(
            expression.token,
            `0x${value.toString(16)} does not fit`,
            `a value of ${size} bytes`,
          );
        }
        return value;
      });
    }
  };

const text =
  (terminator: readonly number[]): Directive =>
  (assembly, { statement }) => {
    for (const tokens of statement.operands) {
      for (const token of tokens.length > 0 ? tokens : [undefined]) {
        if (!token?.bytes)
          throw new AssemblerError(token ?? statement.end, 'not a string', 'a string in double quotes');
        assembly.emit(token.bytes);
      }
      assembly.emit(terminator);
    }
  };

const fill: Directive = (assembly, context) => {
  const count = countOperand(assembly, context, 0);
  const value = Number(constantOperand(assembly, context, 1, 0n) & 0xffn);
  assembly.emit(Array.from({ length: count }, () => value));
};

/** Code is padded with no-operations, data with zeros, unless a fill value is given. */
function align(assembly: Assembly, context: StatementContext, alignment: number): void {
  const { current: section } = assembly;
  if (!(alignment >= 1 && alignment <= 2 ** 16 && Number.isInteger(Math.log2(alignment)))) {
    const place = context.statement.operands[0]?.[0] ?? context.statement.end;
    throw new AssemblerError(place, `cannot align to ${alignment} bytes`, 'a power of two up to 65536 bytes');
  }
  section.alignment = Math.max(section.alignment, alignment);
  let count = (alignment - (section.bytes.length % alignment)) % alignment;
  const value = context.statement.operands[1]?.length
    ? Number(constantOperand(assembly, context, 1) & 0xffn)
    : undefined;
  const limit = Number(constantOperand(assembly, context, 2, BigInt(alignment)));
  if (count > limit) return;
  if (value !== undefined || !section.name.startsWith('.text')) {
    assembly.emit(Array.from({ length: count }, () => value ?? 0));
    return;
  }
  for (; count % 2 !== 0; count--) assembly.emit([0]);
  if (count % 4 !== 0) assembly.emit([0x01, 0x00]);
  for (count -= count % 4; count > 0; count -= 4) assembly.emit([0x13, 0, 0, 0]);
}

const alignToPower: Directive = (assembly, context) => {
  align(assembly, context, 2 ** Number(constantOperand(assembly, context, 0)));
};
const alignToBytes: Directive = (assembly, context) => {
  align(assembly, context, Number(constantOperand(assembly, context, 0)));
};

const switchTo =
  (name: string): Directive =>
  (assembly) => {
    assembly.current = assembly.section(name);
  };

const set: Directive = (assembly, context) => {
  const symbol = nameOperand(context, 0, 'the symbol to set');
  const expression = parseExpression(context.statement.operands[1] ?? [], context.statement.end);
  const existing = assembly.symbols.get(symbol.text);
  if (existing && !('expression' in existing))
    throw new AssemblerError(symbol, `${symbol.text} is already a label`, 'a new name');
  // What is known now is fixed now, so that a later .set of a symbol in it changes nothing.
  const known = evaluateExpression(expression, assembly.lookupFrom(context));
  const value = known && !known.section ? known.offset : undefined;
  if (existing && value === undefined) {
    throw new AssemblerError(expression.token, `${symbol.text} is set again`, 'a constant from symbols defined before');
  }
  const fixed = value === undefined ? expression : ({ kind: 'number', value, token: expression.token } as const);
  assembly.symbols.set(symbol.text, { expression: fixed, context });
};

const global: Directive = (assembly, context) => {
  for (const index of context.statement.operands.keys())
    assembly.globals.add(nameOperand(context, index, 'a symbol').text);
};

const option: Directive = (assembly, context) => {
  const name = nameOperand(context, 0, 'rvc, norvc, push, pop, relax, norelax, pic or nopic');
  switch (name.text) {
    case 'push':
      assembly.optionDepth++;
      return;
    case 'pop':
      if (assembly.optionDepth-- === 0) throw new AssemblerError(name, 'nothing was pushed', 'a .option push before');
      return;
    // Nothing is compressed or relaxed unasked, so these have nothing to change.
    case 'rvc':
    case 'norvc':
    case 'relax':
    case 'norelax':
    case 'pic':
    case 'nopic':
    case 'arch':
      return;
    default:
      throw new AssemblerError(
        name,
        `unknown option ${name.text}`,
        'rvc, norvc, push, pop, relax, norelax, pic or nopic',
      );
  }
};

const nothing: Directive = () => {};

const directives: Readonly<Record<string, Directive>> = {
  '.text': switchTo('.text'),
  '.data': switchTo('.data'),
  '.bss': switchTo('.bss'),
  '.rodata': switchTo('.rodata'),
  '.section': (assembly, context) => switchTo(nameOperand(context, 0, "the section's name").text)(assembly, context),
  '.globl': global,
  '.global': global,
  '.weak': global,
  '.align': alignToPower,
  '.p2align': alignToPower,
  '.balign': alignToBytes,
  '.byte': data(1),
  '.half': data(2),
  '.short': data(2),
  '.2byte': data(2),
  '.word': data(4),
  '.long': data(4),
  '.4byte': data(4),
  '.dword': data(8),
  '.quad': data(8),
  '.8byte': data(8),
  '.ascii': text([]),
  '.asciz': text([0]),
  '.string': text([0]),
  '.zero': fill,
  '.space': fill,
  '.skip': fill,
  '.equ': set,
  '.set': set,
  '.option': option,
  // What only matters to a linker or debugger.
  '.type': nothing,
  '.size': nothing,
  '.file': nothing,
  '.ident': nothing,
  '.local': nothing,
  '.hidden': nothing,
  '.attribute': nothing,
};

/** Carries out a directive. @throws {AssemblerError} when there is none of that name, or its operands make no sense. */
export function assembleDirective(assembly: Assembly, context: StatementContext, name: Token): void {
  const directive = directives[name.text] ?? (name.text.startsWith('.cfi_') ? nothing : undefined);
  if (!directive)
    throw new AssemblerError(name, `unknown directive ${name.text}`, `one of ${Object.keys(directives).join(' ')}`);
  directive(assembly, context);
}
