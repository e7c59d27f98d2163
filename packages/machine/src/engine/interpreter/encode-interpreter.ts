import { HartOffset } from '../../hart/hart-state.ts';
import { FETCH_INDEX_MASK, FETCH_TABLE, TRANSLATION_INDEX_SHIFT } from '../../memory/memory-layout.ts';
import { encodeModule, type FunctionType, FunctionWriter, Op, ValueType } from '../compiler/emission/emit.ts';
import { CODE_PARAMETERS, CODE_SLOT_COUNT, CODE_SLOTS, COUNTER, Outcome } from '../compiler/layout.ts';
import { fusedMultiplyAdd } from '../compiler/translation/translate-float.ts';
import { CONTEXT, HandlerWriter, JumpMark, type LoopLabels, type LoopLocals } from './handler-writer.ts';
import type { HandlerTable } from './handlers.ts';
import {
  FIRST_CSR_HANDLER,
  FIRST_ROW_HANDLER,
  FixedHandler,
  HANDLER_SHIFT,
  HEAT,
  HEAT_MASK,
  MAX_HANDLERS,
  PAGE_MAP,
  PAGE_MAP_SIZE,
  TwoPages,
} from './layout.ts';

const { i32, i64, f64 } = ValueType;

const Type = { run: 0, word: 1, nothing: 2, access: 3, miss: 4, multiplyAdd: 5 } as const;
const types: readonly FunctionType[] = [
  { parameters: Array(CODE_PARAMETERS).fill(i32), results: [i32] },
  { parameters: [i32], results: [i32] },
  { parameters: [i32, i32], results: [] },
  { parameters: [i32, i32, i32], results: [i32] },
  { parameters: [i32, i64, i64, i32, i32, i32], results: [i32] },
  { parameters: [f64, f64, f64], results: [f64] },
];

/** What the interpreter asks of TypeScript. */
export interface InterpreterImports {
  /** (page of code in the machine's memory): makes it known to the page map, and returns where its entries are. */
  readonly openPage: (codePage: number) => number;
  /** (address of the code, anything): decodes what stands there. */
  readonly decode: (address: number, none: number) => void;
  /** (address of its first half, of its second half): decodes an instruction in two pages. */
  readonly decodeTwoPages: (first: number, second: number) => void;
  /** A computed jump went from one address of the machine's memory to another of the same page. */
  readonly noteJump: (from: number, to: number) => void;
  /** (address low, high, width): what the inline software TLB cannot do. Returns an Outcome. */
  readonly interpretLoad: (low: number, high: number, width: number) => number;
  readonly interpretStore: (low: number, high: number, width: number) => number;
}

/** (context, key of the code at which to stop, or 0) -> Outcome. Runs at least one instruction, or says why not. */
export type Interpret = (context: number, stop: number) => number;

const imports = [
  { name: 'openPage', type: Type.word },
  { name: 'decode', type: Type.nothing },
  { name: 'noteJump', type: Type.nothing },
  { name: 'interpretLoad', type: Type.access },
  { name: 'interpretStore', type: Type.access },
  { name: 'decodeTwoPages', type: Type.nothing },
] as const;
const Import = { openPage: 0, decode: 1, noteJump: 2, interpretLoad: 3, interpretStore: 4, decodeTwoPages: 5 } as const;
const LOAD_MISS = imports.length;
const STORE_MISS = LOAD_MISS + 1;
const MULTIPLY_ADD = LOAD_MISS + 2;

/** Bytes of the interpreter's module; it exports `interpret`. */
export function encodeInterpreter(handlers: Pick<HandlerTable, 'csrs' | 'handlers'>): Uint8Array<ArrayBuffer> {
  return encodeModule({
    types,
    imports,
    functions: [
      { type: Type.miss, body: miss(Import.interpretLoad) },
      { type: Type.miss, body: miss(Import.interpretStore) },
      { type: Type.multiplyAdd, body: fusedMultiplyAdd() },
      { type: Type.run, body: interpretLoop(handlers), exportAs: 'interpret' },
    ],
  });
}

/** (context, address, pc, counter, accesses, width): publishes the state before the instruction, then asks TypeScript. */
function miss(imported: number): FunctionWriter {
  const writer = new FunctionWriter(6);
  const [context, address, pc, counter, accesses, width] = [0, 1, 2, 3, 4, 5];
  writer.get(context).get(pc).memory(Op.i64Store, HartOffset.pc);
  writer.i32(0).get(counter).memory(Op.i32Store, COUNTER);
  writer
    .i32(0)
    .get(accesses)
    .memory(Op.i32Store, COUNTER + 4);
  writer.get(address).op(Op.i32WrapI64).get(address).i64(32).op(Op.i64ShrU).op(Op.i32WrapI64);
  writer.get(width).call(imported);
  return writer;
}

/**
 * The loop: one decoded instruction after the other. All registers are in the context, so that any boundary is an exact one; what
 * the loop keeps itself (pc, counts) is stored where it leaves and before it calls.
 */
function interpretLoop({ csrs, handlers }: Pick<HandlerTable, 'csrs' | 'handlers'>): FunctionWriter {
  const writer = new FunctionWriter(CODE_PARAMETERS);
  const STOP = 1;
  const word32 = (): number => writer.local(i32);
  const locals: LoopLocals = {
    entry: word32(),
    pageEntries: word32(),
    pageAddress: writer.local(i64),
    counter: word32(),
    accesses: word32(),
    target: writer.local(i64),
    mark: word32(),
    outcome: word32(),
  };
  const { entry, pageEntries, pageAddress, counter, accesses, target, mark, outcome } = locals;
  const codePage = word32();
  const code = word32();
  /** Variant of code in force: it cannot change before the loop is left. */
  const variant = word32();
  const key = word32();
  const place = word32();
  const reloadCounter = (): void => {
    writer.i32(0).memory(Op.i32Load, COUNTER).set(counter);
    writer
      .i32(0)
      .memory(Op.i32Load, COUNTER + 4)
      .set(accesses);
  };
  const handlerWriter = new HandlerWriter(
    writer,
    locals,
    { loadMiss: LOAD_MISS, storeMiss: STORE_MISS, multiplyAdd: MULTIPLY_ADD },
    reloadCounter,
  );

  reloadCounter();
  writer.get(CONTEXT).memory(Op.i64Load, HartOffset.pc).set(target);
  writer.get(CONTEXT).memory(Op.i32Load, HartOffset.codeVariant).set(variant);
  const stored = writer.open(Op.block);
  // Leaves for `target` with the outcome that is set.
  const out = writer.open(Op.block);
  const locate = writer.open(Op.loop);

  /** Pushes the place of the fetch table's entry for `target`. */
  const pushFetchEntry = (): void => {
    writer.get(target).op(Op.i32WrapI64).i32(TRANSLATION_INDEX_SHIFT).op(Op.i32ShrU);
    writer.i32(FETCH_INDEX_MASK).op(Op.i32And);
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.fetchTranslations).op(Op.i32Add);
  };
  /** Sets `code` to where in the machine's memory `target` is, by the fetch table. */
  const translateTarget = (): void => {
    pushFetchEntry();
    writer.tee(place).memory(Op.i64Load, FETCH_TABLE).get(target).i64(-4096).op(Op.i64And).op(Op.i64Ne).open(Op.if);
    leave(Outcome.proceed);
    writer.close();
    writer.get(target).op(Op.i32WrapI64);
    writer
      .get(place)
      .memory(Op.i32Load, FETCH_TABLE + 8)
      .op(Op.i32Add)
      .set(code);
  };
  const leave = (result: Outcome): void => {
    writer.i32(result).set(outcome).br(out);
  };
  const leaveAtPc = (result: Outcome): void => {
    handlerWriter.pushPc(0);
    writer.set(target);
    leave(result);
  };
  const setEntry = (): void => {
    writer.get(pageEntries).get(target).op(Op.i32WrapI64).i32(4094).op(Op.i32And).i32(2).op(Op.i32Shl);
    writer.op(Op.i32Add).set(entry);
  };

  // A page is entered: finds its entries.
  translateTarget();
  writer.get(code).i32(-4096).op(Op.i32And).set(codePage);
  writer.get(target).i64(-4096).op(Op.i64And).set(pageAddress);
  writer
    .get(codePage)
    .i32(12 - 3)
    .op(Op.i32ShrU);
  writer
    .i32((PAGE_MAP_SIZE - 1) << 3)
    .op(Op.i32And)
    .tee(place);
  writer.memory(Op.i32Load, PAGE_MAP).get(codePage).op(Op.i32Eq).open(Op.if, i32);
  writer.get(place).memory(Op.i32Load, PAGE_MAP + 4);
  writer.otherwise().get(codePage).call(Import.openPage).close();
  writer.set(pageEntries);
  setEntry();

  const next = writer.open(Op.loop);
  const taken = writer.open(Op.block);
  const exhausted = writer.open(Op.block);
  const step = writer.open(Op.block);
  const labels: LoopLabels = { next, taken, step, stored };
  const pageEnd = writer.open(Op.block);
  const environmentCall = writer.open(Op.block);
  const cases = handlers.map(() => writer.open(Op.block)).reverse();
  const csrCases = csrs.map(() => writer.open(Op.block)).reverse();
  const nothing = writer.open(Op.block);
  const undecoded = writer.open(Op.block);
  const twoPages = writer.open(Op.block);
  const table = new Array<number>(MAX_HANDLERS + 1).fill(step);
  table[FixedHandler.undecoded] = undecoded;
  table[FixedHandler.pageEnd] = pageEnd;
  table[FixedHandler.environmentCall] = environmentCall;
  table[FixedHandler.nothing] = nothing;
  table[FixedHandler.twoPages] = twoPages;
  for (const [index, label] of csrCases.entries()) table[FIRST_CSR_HANDLER + index] = label;
  for (const [index, label] of cases.entries()) table[FIRST_ROW_HANDLER + index] = label;
  writer.get(counter).op(Op.i32Eqz).brIf(exhausted);
  writer.get(entry).memory(Op.i32Load16U, 0).i32(HANDLER_SHIFT).op(Op.i32ShrU).brTable(table);
  writer.close();
  // The second half is read each time, where the next page is now; the handlers are still ahead.
  writer.get(pageAddress).i64(4096).op(Op.i64Add).set(target);
  pushFetchEntry();
  writer.tee(place).memory(Op.i64Load, FETCH_TABLE).get(target).op(Op.i64Ne).brIf(step);
  writer
    .get(target)
    .op(Op.i32WrapI64)
    .get(place)
    .memory(Op.i32Load, FETCH_TABLE + 8)
    .op(Op.i32Add)
    .tee(code);
  writer.memory(Op.i32Load16U, 0).get(pageEntries).memory(Op.i32Load, TwoPages.second).op(Op.i32Ne).open(Op.if);
  writer.get(codePage).i32(4094).op(Op.i32Add).get(code).call(Import.decodeTwoPages).br(next);
  writer.close();
  table[FixedHandler.twoPages] = step;
  writer.get(pageEntries).memory(Op.i32Load16U, TwoPages.handler).i32(HANDLER_SHIFT).op(Op.i32ShrU).brTable(table);
  writer.close();
  // Not decoded yet.
  writer.get(codePage).get(entry).get(pageEntries).op(Op.i32Sub).i32(2).op(Op.i32ShrU).op(Op.i32Add);
  writer.i32(0).call(Import.decode).br(next);
  writer.close();
  handlerWriter.writeNothing(labels);
  for (const csr of csrs) {
    writer.close();
    handlerWriter.writeCsr(csr, labels);
  }
  for (const handler of handlers) {
    writer.close();
    handlerWriter.write(handler, labels);
  }
  writer.close();
  leaveAtPc(Outcome.environmentCall);
  writer.close();
  handlerWriter.pushPc(0);
  writer.set(target).i32(JumpMark.counted).set(mark).br(taken);
  writer.close();
  leaveAtPc(Outcome.step);
  writer.close();
  leaveAtPc(Outcome.leave);
  writer.close();

  // A jump: within the page, or to another one.
  const isSamePage = (): void => {
    writer.get(target).get(pageAddress).op(Op.i64Xor).i64(4096).op(Op.i64LtU);
  };
  isSamePage();
  writer.open(Op.if);
  writer.get(codePage).get(target).op(Op.i32WrapI64).i32(4095).op(Op.i32And).op(Op.i32Or).set(code);
  writer.get(mark).i32(JumpMark.computed).op(Op.i32Eq).open(Op.if);
  writer.get(codePage).get(entry).get(pageEntries).op(Op.i32Sub).i32(2).op(Op.i32ShrU).op(Op.i32Add);
  writer.get(code).call(Import.noteJump);
  writer.close();
  writer.otherwise();
  translateTarget();
  writer.close();
  // Where a nested call returns to, or code is compiled, or is to be: the dispatcher goes on.
  writer.get(code).get(variant).op(Op.i32Or).tee(key).get(STOP).op(Op.i32Eq).open(Op.if);
  leave(Outcome.proceed);
  writer.close();
  writer.get(key).i32(2).op(Op.i32Shl);
  writer.i32((CODE_SLOT_COUNT - 1) << 3).op(Op.i32And);
  writer.memory(Op.i32Load, CODE_SLOTS).get(key).op(Op.i32Eq).open(Op.if);
  leave(Outcome.proceed);
  writer.close();
  writer.get(mark).open(Op.if);
  writer.get(code).i32(HEAT_MASK).op(Op.i32And).tee(place);
  writer.memory(Op.i32Load16U, HEAT).op(Op.i32Eqz).open(Op.if);
  leave(Outcome.proceed);
  writer.close();
  writer.get(place).get(place).memory(Op.i32Load16U, HEAT).i32(1).op(Op.i32Sub).memory(Op.i32Store16, HEAT);
  writer.close();
  isSamePage();
  writer.op(Op.i32Eqz).brIf(locate);
  setEntry();
  writer.br(next);
  writer.close();
  writer.close();
  writer.op(Op.unreachable);
  writer.close();
  writer.get(CONTEXT).get(target).memory(Op.i64Store, HartOffset.pc);
  writer.i32(0).get(counter).memory(Op.i32Store, COUNTER);
  writer
    .i32(0)
    .get(accesses)
    .memory(Op.i32Store, COUNTER + 4);
  writer.close();
  writer.get(outcome);
  return writer;
}
