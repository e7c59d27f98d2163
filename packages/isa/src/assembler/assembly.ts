import type { InstructionSet } from '../instruction-set.ts';
import { AssemblerError } from './assembler-error.ts';
import { type AssemblyExpression, type AssemblyValue, evaluateExpression, type SymbolLookup } from './expression.ts';
import type { SourceStatement, Token } from './lexer.ts';

export interface AssemblySection {
  readonly name: string;
  readonly bytes: number[];
  /** Power of two that its address is a multiple of. */
  alignment: number;
  /** Known when all sources have been read. */
  address: bigint;
}

/** A place in a section. */
export interface Location {
  readonly section: AssemblySection;
  readonly offset: number;
}

/** Where a statement stands: needed to find what `.` and `1b` mean in it. */
export interface StatementContext {
  readonly statement: SourceStatement;
  /** Counts statements. */
  readonly order: number;
  /** The place at the statement's start: what `.` means. */
  readonly here: Location;
}

interface EquatedSymbol {
  readonly expression: AssemblyExpression;
  readonly context: StatementContext;
}

type SymbolDefinition = Location | EquatedSymbol;

/** Bytes whose value is known only when every symbol is. */
interface Patch {
  readonly location: Location;
  readonly size: number;
  readonly value: () => bigint;
}

/** The state of one assembly run: sections, symbols, and what is to be filled in at the end. */
export class Assembly {
  readonly instructionSet: InstructionSet;
  readonly sections = new Map<string, AssemblySection>();
  readonly symbols = new Map<string, SymbolDefinition>();
  readonly globals = new Set<string>();
  /** The pc-relative upper halves, by their place, for `%pcrel_lo`. */
  readonly upperHalves = new Map<AssemblySection, Map<number, () => bigint>>();
  current: AssemblySection;
  /** How many `.option push` are open. */
  optionDepth = 0;
  readonly #numericLabels = new Map<string, (Location & { readonly order: number })[]>();
  readonly #patches: Patch[] = [];
  /** Symbols whose value is being worked out, to notice circles. */
  readonly #resolving = new Set<string>();
  #isLaidOut = false;

  constructor(instructionSet: InstructionSet) {
    this.instructionSet = instructionSet;
    this.current = this.section('.text');
  }

  section(name: string): AssemblySection {
    let section = this.sections.get(name);
    if (!section) {
      section = { name, bytes: [], alignment: 1, address: 0n };
      this.sections.set(name, section);
    }
    return section;
  }

  get here(): Location {
    return { section: this.current, offset: this.current.bytes.length };
  }

  defineLabel(label: Token, order: number): void {
    if (/^\d+$/.test(label.text)) {
      const known = this.#numericLabels.get(label.text) ?? [];
      this.#numericLabels.set(label.text, [...known, { ...this.here, order }]);
      return;
    }
    if (this.symbols.has(label.text)) throw new AssemblerError(label, `${label.text} is already defined`, 'a new name');
    this.symbols.set(label.text, this.here);
  }

  emit(bytes: Iterable<number>): void {
    for (const byte of bytes) this.current.bytes.push(byte);
  }

  /** Reserves `size` bytes, to be filled with the value in little-endian order when every symbol is known. */
  emitLater(size: number, value: () => bigint): void {
    this.#patches.push({ location: this.here, size, value });
    for (let index = 0; index < size; index++) this.current.bytes.push(0);
  }

  /** Symbols as far as they are known: places before the layout, addresses after it. */
  lookupFrom(context: StatementContext): SymbolLookup {
    return (name, token) => {
      if (name === '.') return this.#valueOfLocation(context.here);
      const numeric = /^(\d+)([bf])$/.exec(name);
      if (numeric) return this.#numericLabel(numeric, context.order, token);
      const symbol = this.symbols.get(name);
      if (!symbol) {
        if (this.#isLaidOut)
          throw new AssemblerError(token, `${name} is not defined`, 'a label or a symbol set with .equ');
        return undefined;
      }
      if ('expression' in symbol) return this.#valueOfSymbol(name, symbol, token);
      return this.#valueOfLocation(symbol);
    };
  }

  #valueOfSymbol(name: string, symbol: EquatedSymbol, token: Token): AssemblyValue | undefined {
    if (this.#resolving.has(name))
      throw new AssemblerError(token, `${name} is defined by itself`, 'a value from other symbols');
    this.#resolving.add(name);
    try {
      return evaluateExpression(symbol.expression, this.lookupFrom(symbol.context));
    } finally {
      this.#resolving.delete(name);
    }
  }

  #valueOfLocation({ section, offset }: Location): AssemblyValue {
    return this.#isLaidOut ? { offset: section.address + BigInt(offset) } : { section, offset: BigInt(offset) };
  }

  #numericLabel([, label = '', direction]: RegExpExecArray, order: number, token: Token): AssemblyValue | undefined {
    const known = this.#numericLabels.get(label) ?? [];
    const found =
      direction === 'b'
        ? known.filter((entry) => entry.order <= order).at(-1)
        : known.find((entry) => entry.order > order);
    if (found) return this.#valueOfLocation(found);
    if (direction === 'b' || this.#isLaidOut) {
      throw new AssemblerError(
        token,
        `there is no label ${label} ${direction === 'b' ? 'before' : 'after'} this`,
        `a line with "${label}:"`,
      );
    }
    return undefined;
  }

  /** The value now, which must not depend on addresses. */
  constant(expression: AssemblyExpression, context: StatementContext): bigint {
    const value = evaluateExpression(expression, this.lookupFrom(context));
    if (!value || value.section) {
      throw new AssemblerError(
        expression.token,
        'the value is not known here',
        'a constant from numbers and symbols defined before',
      );
    }
    return value.offset;
  }

  /** The value in the end; to be called from patches only. */
  address(expression: AssemblyExpression, context: StatementContext): bigint {
    return BigInt.asUintN(64, evaluateExpression(expression, this.lookupFrom(context))?.offset ?? 0n);
  }

  /** Gives sections their addresses, in order from `origin`, and fills in what waited for that. */
  finish(origin: bigint): void {
    let address = origin;
    for (const section of this.sections.values()) {
      const alignment = BigInt(section.alignment);
      address = ((address + alignment - 1n) / alignment) * alignment;
      section.address = address;
      address += BigInt(section.bytes.length);
    }
    this.#isLaidOut = true;
    for (const { location, size, value } of this.#patches) {
      let rest = BigInt.asUintN(size * 8, value());
      for (let index = 0; index < size; index++) {
        location.section.bytes[location.offset + index] = Number(rest & 0xffn);
        rest >>= 8n;
      }
    }
  }
}

export const addressOf = ({ section, offset }: Location): bigint =>
  BigInt.asUintN(64, section.address + BigInt(offset));
