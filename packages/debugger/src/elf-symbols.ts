import { DebuggerError } from './debugger-error.ts';

/** A function of a program, or another place that has a name. */
export interface CodeSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0: up to the next one. */
  readonly size: bigint;
}

const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const SHT_SYMTAB = 2;
const SHF_EXECINSTR = 4n;
const STT_NOTYPE = 0;
const STT_FUNC = 2;

/**
 * The named places in the code of a 64-bit little-endian ELF file (System V ABI, "Symbol Table"). Throws DebuggerError for a file
 * that is none or has no symbols.
 */
export function readElfSymbols(file: Uint8Array): readonly CodeSymbol[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < 64 || view.getUint32(0) !== 0x7f45_4c46 || file[4] !== 2 || file[5] !== 1) {
    throw new DebuggerError('not a 64-bit little-endian ELF file');
  }
  try {
    return readSymbols(view, file);
  } catch (error) {
    if (error instanceof RangeError)
      throw new DebuggerError('the ELF file is damaged: its tables reach beyond its end');
    throw error;
  }
}

function readSymbols(view: DataView, file: Uint8Array): readonly CodeSymbol[] {
  const headers = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const section = (index: number) => headers + index * SECTION_HEADER_BYTES;
  const isCode = Array.from({ length: count }, (_, index) => {
    return (view.getBigUint64(section(index) + 8, true) & SHF_EXECINSTR) !== 0n;
  });
  const symbols: CodeSymbol[] = [];
  for (let index = 0; index < count; index++) {
    if (view.getUint32(section(index) + 4, true) !== SHT_SYMTAB) continue;
    const start = Number(view.getBigUint64(section(index) + 0x18, true));
    const size = Number(view.getBigUint64(section(index) + 0x20, true));
    const strings = Number(view.getBigUint64(section(view.getUint32(section(index) + 0x28, true)) + 0x18, true));
    for (let at = start; at + SYMBOL_BYTES <= start + size; at += SYMBOL_BYTES) {
      const type = view.getUint8(at + 4) & 15;
      const isInCode = isCode[view.getUint16(at + 6, true)] === true;
      const name = textAt(file, strings + view.getUint32(at, true));
      // Names that begin with a $ or .L tell assemblers' matters, no places.
      if (!isInCode || (type !== STT_FUNC && type !== STT_NOTYPE) || name === '' || /^(\$|\.L)/.test(name)) continue;
      symbols.push({ name, address: view.getBigUint64(at + 8, true), size: view.getBigUint64(at + 16, true) });
    }
  }
  if (symbols.length === 0) throw new DebuggerError('the ELF file has no symbols of code: it was stripped');
  return symbols;
}

function textAt(file: Uint8Array, start: number): string {
  let end = start;
  while (end < file.length && file[end] !== 0) end++;
  return new TextDecoder().decode(file.subarray(start, end));
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

  named(name: string): CodeSymbol | undefined {
    return this.#symbols.find((symbol) => symbol.name === name);
  }
}
