import {
  ElfError,
  readElfHeader,
  readSectionHeaders,
  SectionFlag,
  SectionType,
  sectionData,
} from '@worldswitch/contracts';
import { DebuggerError } from './debugger-error.ts';

/** A function of a program, or another place that has a name. */
export interface CodeSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0: up to the next one. */
  readonly size: bigint;
}

const SYMBOL_BYTES = 24;
const STT_NOTYPE = 0;
const STT_FUNC = 2;

/**
 * The named places in the code of a 64-bit little-endian RISC-V ELF file (System V gABI 4.1, chapter 4, "Symbol Table").
 * @throws {DebuggerError} for a file that is none or has no symbols.
 */
export function readElfSymbols(file: Uint8Array): readonly CodeSymbol[] {
  try {
    return readSymbols(file);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    throw new DebuggerError(
      `${error.fault === 'kind' ? 'not a 64-bit little-endian ELF file' : 'the ELF file is damaged'}: ${error.message}`,
    );
  }
}

function readSymbols(file: Uint8Array): readonly CodeSymbol[] {
  const sections = readSectionHeaders(file, readElfHeader(file));
  const symbols: CodeSymbol[] = [];
  for (const section of sections) {
    if (section.type !== SectionType.symbols) continue;
    const table = sectionData(file, section);
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const names = sections[section.link];
    const strings = names === undefined ? new Uint8Array(0) : sectionData(file, names);
    for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
      const type = view.getUint8(at + 4) & 15;
      const home = sections[view.getUint16(at + 6, true)];
      const isInCode = home !== undefined && (home.flags & SectionFlag.execute) !== 0n;
      const name = textAt(strings, view.getUint32(at, true));
      // Names that begin with a $ or .L tell assemblers' matters, no places.
      if (!isInCode || (type !== STT_FUNC && type !== STT_NOTYPE) || name === '' || /^(\$|\.L)/.test(name)) continue;
      symbols.push({ name, address: view.getBigUint64(at + 8, true), size: view.getBigUint64(at + 16, true) });
    }
  }
  if (symbols.length === 0) throw new DebuggerError('the ELF file has no symbols of code: it was stripped');
  return symbols;
}

function textAt(strings: Uint8Array, start: number): string {
  let end = start;
  while (end < strings.length && strings[end] !== 0) end++;
  return new TextDecoder().decode(strings.subarray(start, end));
}

/** Finds names by address, in several programs together. */
export class SymbolTable {
  readonly #symbols: readonly CodeSymbol[];

  constructor(symbols: Iterable<CodeSymbol>) {
    this.#symbols = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  /** The symbol that an address belongs to, and how far behind its start it is. */
  find(address: bigint): { readonly symbol: CodeSymbol; readonly offset: bigint } | undefined {
    let low = 0;
    let high = this.#symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.#symbols[low - 1];
    if (!symbol) return undefined;
    const offset = address - symbol.address;
    // The last function of a program has no successor: what is far behind it belongs to no one.
    const isInside = symbol.size > 0n ? offset < symbol.size : offset < 0x1000n;
    return isInside ? { symbol, offset } : undefined;
  }

  /** `name+0x12`, or undefined. */
  describe(address: bigint): string | undefined {
    const found = this.find(address);
    return found && (found.offset === 0n ? found.symbol.name : `${found.symbol.name}+0x${found.offset.toString(16)}`);
  }

  /** By address. */
  get names(): readonly string[] {
    return this.#symbols.map(({ name }) => name);
  }

  named(name: string): CodeSymbol | undefined {
    return this.#symbols.find((symbol) => symbol.name === name);
  }
}
