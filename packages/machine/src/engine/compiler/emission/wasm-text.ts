import { InternalError } from '@worldswitch/contracts';
import { Op, ValueType } from './emit.ts';

/** A function's WebAssembly as text, one instruction a line: for readers, in the manner of the text format. */

/** The specification's name of an opcode, from ours: `i64Load8U` is i64.load8_u. */
function textName(name: string): string {
  const [, prefix = '', rest = name] = /^(i32|i64|f32|f64|local)(.+)$/.exec(name) ?? [];
  const words = rest.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return prefix === '' ? words : `${prefix}.${words}`;
}

const names = new Map<number, string>(Object.entries(Op).map(([name, opcode]) => [opcode, textName(name)]));
const typeNames = new Map<number, string>(Object.entries(ValueType).map(([name, type]) => [type, name]));
const opensBlock = new Set<number>([Op.block, Op.loop, Op.if]);
const takesIndex = new Set<number>([Op.br, Op.brIf, Op.call, Op.localGet, Op.localSet, Op.localTee]);
const CODE_SECTION = 10;

/** Reads a function's body. @param index among the functions that the module defines. */
export function functionText(module: Uint8Array, index: number): readonly string[] {
  const reader = new BodyReader(module);
  reader.seekFunction(index);
  return reader.lines();
}

class BodyReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 8;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  seekFunction(index: number): void {
    for (;;) {
      const section = this.#byte();
      const length = this.#unsigned();
      if (section === CODE_SECTION) break;
      this.#at += length;
    }
    const count = this.#unsigned();
    if (index >= count) throw new InternalError(`the module has ${count} functions`);
    for (let skipped = 0; skipped < index; skipped++) this.#at += this.#unsigned();
    this.#unsigned();
    // Local variables are known by their numbers alone.
    for (let runs = this.#unsigned(); runs > 0; runs--) {
      this.#unsigned();
      this.#byte();
    }
  }

  lines(): readonly string[] {
    const lines: string[] = [];
    for (let depth = 0; depth >= 0; ) {
      const opcode = this.#byte();
      if (opcode === Op.end) depth--;
      if (depth < 0) break;
      const indent = '  '.repeat(opcode === Op.else ? depth - 1 : depth);
      lines.push(`${indent}${names.get(opcode)}${this.#immediate(opcode)}`);
      if (opensBlock.has(opcode)) depth++;
    }
    return lines;
  }

  #immediate(opcode: number): string {
    if (opensBlock.has(opcode)) {
      const type = typeNames.get(this.#byte());
      return type === undefined ? '' : ` (result ${type})`;
    }
    if (takesIndex.has(opcode)) return ` ${this.#unsigned()}`;
    if (opcode === Op.callIndirect) return ` ${this.#unsigned()}${this.#byte() === 0 ? '' : ' ?'}`;
    if (opcode === Op.brTable) {
      const count = this.#unsigned() + 1;
      return ` ${Array.from({ length: count }, () => this.#unsigned()).join(' ')}`;
    }
    if (opcode >= Op.i32Load && opcode <= Op.i64Store32) {
      this.#unsigned();
      const offset = this.#unsigned();
      return offset === 0 ? '' : ` offset=${offset}`;
    }
    if (opcode === Op.i32Const || opcode === Op.i64Const) return ` ${this.#signed()}`;
    if (opcode === Op.f32Const || opcode === Op.f64Const) {
      const isSingle = opcode === Op.f32Const;
      const value = isSingle ? this.#view.getFloat32(this.#at, true) : this.#view.getFloat64(this.#at, true);
      this.#at += isSingle ? 4 : 8;
      return ` ${value}`;
    }
    return '';
  }

  #byte(): number {
    return this.#bytes[this.#at++]!;
  }

  #unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 128) return value;
    }
  }

  #signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 128) return BigInt.asIntN(Number(shift), value);
    }
  }
}
