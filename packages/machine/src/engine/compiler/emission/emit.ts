import { ByteWriter } from './byte-writer.ts';

/**
 * WebAssembly bytes, and nothing about RISC-V (WebAssembly Core Specification 2.0, chapter 5 "Binary Format").
 */

/** Value types as they are encoded. */
export const ValueType = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** Block type of a block without parameters and results. */
const VOID = 0x40;

/** The opcodes that the compiler uses; named as in the specification, dots replaced. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8S: 0x2c,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load8S: 0x30,
  i64Load8U: 0x31,
  i64Load16S: 0x32,
  i64Load16U: 0x33,
  i64Load32S: 0x34,
  i64Load32U: 0x35,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
  i64Store8: 0x3c,
  i64Store16: 0x3d,
  i64Store32: 0x3e,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtS: 0x55,
  i64GtU: 0x56,
  i64LeS: 0x57,
  i64LeU: 0x58,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  f32Eq: 0x5b,
  f32Lt: 0x5d,
  f32Le: 0x5f,
  f32Ge: 0x60,
  f64Eq: 0x61,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Gt: 0x64,
  f64Le: 0x65,
  f64Ge: 0x66,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivS: 0x6d,
  i32DivU: 0x6e,
  i32RemS: 0x6f,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i64Clz: 0x79,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i64Rotl: 0x89,
  i64Rotr: 0x8a,
  f32Sqrt: 0x91,
  f32Add: 0x92,
  f32Sub: 0x93,
  f32Mul: 0x94,
  f32Div: 0x95,
  f32Min: 0x96,
  f32Max: 0x97,
  f64Abs: 0x99,
  f64Neg: 0x9a,
  f64Trunc: 0x9d,
  f64Nearest: 0x9e,
  f64Sqrt: 0x9f,
  f64Add: 0xa0,
  f64Sub: 0xa1,
  f64Mul: 0xa2,
  f64Div: 0xa3,
  f64Min: 0xa4,
  f64Max: 0xa5,
  f64Copysign: 0xa6,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  i64TruncF64S: 0xb0,
  i64TruncF64U: 0xb1,
  f32ConvertI64S: 0xb4,
  f32ConvertI64U: 0xb5,
  f32DemoteF64: 0xb6,
  f64ConvertI64S: 0xb9,
  f64ConvertI64U: 0xba,
  f64PromoteF32: 0xbb,
  i32ReinterpretF32: 0xbc,
  i64ReinterpretF64: 0xbd,
  f32ReinterpretI32: 0xbe,
  f64ReinterpretI64: 0xbf,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
} as const;

/** The body of one function while it is written: instructions, and locals as they turn out to be needed. */
export class FunctionWriter {
  readonly code = new ByteWriter();
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;
  /** Open blocks, so that branches can be written to a block instead of to a depth. */
  depth = 0;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** A new local variable; its index. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }

  op(opcode: number): this {
    this.code.byte(opcode);
    return this;
  }

  get(index: number): this {
    this.code.byte(Op.localGet);
    this.code.unsigned(index);
    return this;
  }

  set(index: number): this {
    this.code.byte(Op.localSet);
    this.code.unsigned(index);
    return this;
  }

  tee(index: number): this {
    this.code.byte(Op.localTee);
    this.code.unsigned(index);
    return this;
  }

  i32(value: number): this {
    this.code.byte(Op.i32Const);
    this.code.signed(value);
    return this;
  }

  i64(value: number | bigint): this {
    this.code.byte(Op.i64Const);
    this.code.signed64(value);
    return this;
  }

  f32(value: number): this {
    return this.#bytes(Op.f32Const, new Uint8Array(new Float32Array([value]).buffer));
  }

  f64(value: number): this {
    return this.#bytes(Op.f64Const, new Uint8Array(new Float64Array([value]).buffer));
  }

  /** Constants are little endian, as typed arrays are wherever WebAssembly runs fast. */
  #bytes(opcode: number, bytes: Uint8Array): this {
    this.code.byte(opcode);
    for (const byte of bytes) this.code.byte(byte);
    return this;
  }

  /** A load or store; the alignment hint is always "any". */
  memory(opcode: number, offset: number): this {
    this.code.byte(opcode);
    this.code.byte(0);
    this.code.unsigned(offset);
    return this;
  }

  /** Opens a block, loop or if; returns its label, to be given to `br` and `brIf`. */
  open(opcode: number, type: number = VOID): number {
    this.code.byte(opcode);
    this.code.byte(type);
    return ++this.depth;
  }

  otherwise(): this {
    return this.op(Op.else);
  }

  close(): this {
    this.depth--;
    return this.op(Op.end);
  }

  br(label: number): this {
    this.code.byte(Op.br);
    this.code.unsigned(this.depth - label);
    return this;
  }

  brIf(label: number): this {
    this.code.byte(Op.brIf);
    this.code.unsigned(this.depth - label);
    return this;
  }

  /** `labels` by selector, the last one being the default. */
  brTable(labels: readonly number[]): this {
    this.code.byte(Op.brTable);
    this.code.unsigned(labels.length - 1);
    for (const label of labels) this.code.unsigned(this.depth - label);
    return this;
  }

  call(functionIndex: number): this {
    this.code.byte(Op.call);
    this.code.unsigned(functionIndex);
    return this;
  }

  callIndirect(typeIndex: number): this {
    this.code.byte(Op.callIndirect);
    this.code.unsigned(typeIndex);
    this.code.byte(0);
    return this;
  }

  /** Puts the finished function with its locals and length where the code section is written. Nothing of it is left here. */
  moveTo(section: ByteWriter): void {
    const locals = new ByteWriter();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last && last.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    locals.unsigned(runs.length);
    for (const run of runs) {
      locals.unsigned(run.count);
      locals.byte(run.type);
    }
    section.unsigned(locals.length + this.code.length + 1);
    section.append(locals);
    section.append(this.code);
    section.byte(Op.end);
    locals.release();
    this.code.release();
  }
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Everything is imported from the module `env`. Functions are numbered in order: imports first. */
export interface ModuleParts {
  readonly types: readonly FunctionType[];
  readonly imports: readonly { readonly name: string; readonly type: number }[];
  readonly functions: readonly { readonly type: number; readonly body: FunctionWriter; readonly exportAs?: string }[];
  /** Whether it may call what is in `env.table`. */
  readonly importsTable?: boolean;
}

const SectionId = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

/**
 * A module that imports `env.memory`, the named functions, and `env.table` where it is said. With a writer of one's own the bytes hold
 * until it is written to again.
 */
export function encodeModule(parts: ModuleParts, module = new ByteWriter()): Uint8Array<ArrayBuffer> {
  module.clear();
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) module.byte(byte);
  const section = (id: number, write: (into: ByteWriter) => void): void => {
    const content = new ByteWriter();
    write(content);
    module.byte(id);
    module.unsigned(content.length);
    module.append(content);
    content.release();
  };
  section(SectionId.type, (into) => {
    into.unsigned(parts.types.length);
    for (const type of parts.types) {
      into.byte(0x60);
      into.unsigned(type.parameters.length);
      for (const parameter of type.parameters) into.byte(parameter);
      into.unsigned(type.results.length);
      for (const result of type.results) into.byte(result);
    }
  });
  section(SectionId.import, (into) => {
    into.unsigned(parts.imports.length + (parts.importsTable ? 2 : 1));
    into.name('env');
    into.name('memory');
    into.byte(0x02);
    into.byte(0x00);
    into.unsigned(1);
    if (parts.importsTable) {
      into.name('env');
      into.name('table');
      into.byte(0x01);
      into.byte(0x70);
      into.byte(0x00);
      into.unsigned(1);
    }
    for (const { name, type } of parts.imports) {
      into.name('env');
      into.name(name);
      into.byte(0x00);
      into.unsigned(type);
    }
  });
  section(SectionId.function, (into) => {
    into.unsigned(parts.functions.length);
    for (const { type } of parts.functions) into.unsigned(type);
  });
  const exported = parts.functions.flatMap((entry, index) =>
    entry.exportAs === undefined ? [] : [{ name: entry.exportAs, index: parts.imports.length + index }],
  );
  if (exported.length > 0) {
    section(SectionId.export, (into) => {
      into.unsigned(exported.length);
      for (const { name, index } of exported) {
        into.name(name);
        into.byte(0x00);
        into.unsigned(index);
      }
    });
  }
  section(SectionId.code, (into) => {
    into.unsigned(parts.functions.length);
    for (const { body } of parts.functions) body.moveTo(into);
  });
  return module.view();
}
