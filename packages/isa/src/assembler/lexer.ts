import { AssemblerError } from './assembler-error.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'modifier' | 'punctuation';
  readonly text: string;
  /** Of numbers and characters. */
  readonly value?: bigint;
  /** Of strings. */
  readonly bytes?: readonly number[];
  readonly line: number;
  readonly column: number;
}

/** One statement: its labels, and a mnemonic or directive with its operands. */
export interface SourceStatement {
  readonly labels: readonly Token[];
  readonly mnemonic: Token | undefined;
  /** What follows the mnemonic, split at the commas outside parentheses. */
  readonly operands: readonly (readonly Token[])[];
  readonly line: number;
  /** Where the statement ends, for "something is missing here". */
  readonly end: { readonly line: number; readonly column: number };
}

const patterns: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /[ \t\r]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ['number', /0[xX][0-9a-fA-F]+|0[bB][01]+(?![\w])|\d+[bf]\b|\d+/y],
  ['name', /@?[A-Za-z_.$][\w.$]*/y],
  ['modifier', /%(?:[a-z_]+(?=\()|progbits|nobits|function|object)/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['number', /'(?:[^'\\\n]|\\.)'?/y],
  ['punctuation', /<<|>>|[-+*/&|^~(),:=;\n%!]/y],
];

const escapes: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  b: 8,
  f: 12,
  '0': 0,
  '\\': 92,
  '"': 34,
  "'": 39,
};

/** The bytes of a string or character body, escapes resolved, other characters in UTF-8. */
function unescapeBytes(body: string, place: Token): number[] {
  const bytes: number[] = [];
  const parts = body.matchAll(/\\([0-7]{1,3})|\\x([0-9a-fA-F]+)|\\(.)|([^\\]+)/g);
  for (const [, octal, hexadecimal, single, text] of parts) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (hexadecimal !== undefined) bytes.push(Number.parseInt(hexadecimal.slice(-2), 16));
    else if (single !== undefined) {
      const code = escapes[single];
      if (code === undefined)
        throw new AssemblerError(place, `unknown escape \\${single}`, 'one of \\n \\t \\r \\b \\f \\\\ \\" \\0 \\x');
      bytes.push(code);
    } else bytes.push(...new TextEncoder().encode(text));
  }
  return bytes;
}

function makeToken(kind: Token['kind'], text: string, line: number, column: number): Token {
  const plain: Token = { kind, text, line, column };
  if (kind === 'string') return { ...plain, bytes: unescapeBytes(text.slice(1, -1), plain) };
  if (kind !== 'number') return plain;
  if (text.startsWith("'"))
    return { ...plain, value: BigInt(unescapeBytes(text.slice(1).replace(/'$/, '') || "'", plain)[0] ?? 39) };
  // `1b` and `1f` are references to numeric labels.
  if (/^\d+[bf]$/.test(text)) return { ...plain, kind: 'name' };
  const octal = /^0[0-7]+$/.test(text);
  return { ...plain, value: BigInt(octal ? `0o${text.slice(1)}` : text) };
}

/** @throws {AssemblerError} at a character that begins nothing. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  for (let position = 0; position < source.length; ) {
    let found: string | undefined;
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = position;
      found = pattern.exec(source)?.[0];
      if (found === undefined) continue;
      if (kind !== 'blank') tokens.push(makeToken(kind, found, line, position - lineStart + 1));
      break;
    }
    if (found === undefined) {
      const place = { line, column: position - lineStart + 1 };
      throw new AssemblerError(
        place,
        `cannot read ${JSON.stringify(source[position])}`,
        'an instruction, a directive or a comment',
      );
    }
    for (let index = found.indexOf('\n'); index >= 0; index = found.indexOf('\n', index + 1)) {
      line++;
      lineStart = position + index + 1;
    }
    position += found.length;
  }
  return tokens;
}

const isEnd = (token: Token): boolean => token.text === '\n' || token.text === ';';
const isPunctuation = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'punctuation' && token.text === text;

/** Splits source into statements. `symbol = value` becomes the directive `.set`. */
export function parseStatements(source: string): SourceStatement[] {
  const statements: SourceStatement[] = [];
  const tokens = tokenize(`${source}\n`);
  for (let start = 0; start < tokens.length; ) {
    let end = start;
    while (!isEnd(tokens[end] as Token)) end++;
    const statement = parseStatement(tokens.slice(start, end), tokens[end] as Token);
    if (statement) statements.push(statement);
    start = end + 1;
  }
  return statements;
}

function parseStatement(tokens: readonly Token[], end: Token): SourceStatement | undefined {
  const labels: Token[] = [];
  let index = 0;
  while (isPunctuation(tokens[index + 1], ':')) {
    const label = tokens[index] as Token;
    if (label.kind !== 'name' && !/^\d+$/.test(label.text)) {
      throw new AssemblerError(label, `${label.text} cannot be a label`, 'a name or a decimal number before ":"');
    }
    labels.push(label);
    index += 2;
  }
  const first = tokens[index];
  const place = { line: end.line, column: end.column };
  if (!first)
    return labels.length > 0 ? { labels, mnemonic: undefined, operands: [], line: end.line, end: place } : undefined;
  if (first.kind !== 'name')
    throw new AssemblerError(first, `unexpected ${first.text}`, 'a label, an instruction or a directive');
  if (isPunctuation(tokens[index + 1], '=')) {
    const mnemonic: Token = { ...first, text: '.set' };
    return { labels, mnemonic, operands: [[first], tokens.slice(index + 2)], line: first.line, end: place };
  }
  return { labels, mnemonic: first, operands: splitOperands(tokens.slice(index + 1)), line: first.line, end: place };
}

function splitOperands(tokens: readonly Token[]): Token[][] {
  if (tokens.length === 0) return [];
  const operands: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isPunctuation(token, '(')) depth++;
    if (isPunctuation(token, ')')) depth--;
    if (depth === 0 && isPunctuation(token, ',')) operands.push([]);
    else operands.at(-1)?.push(token);
  }
  return operands;
}
