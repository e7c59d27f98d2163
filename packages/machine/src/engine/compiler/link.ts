import { HartOffset } from '../../hart-state.ts';
import { FETCH_TABLE, TRANSLATION_INDEX_MASK, TRANSLATION_INDEX_SHIFT } from '../../memory-layout.ts';
import { compileRegion } from './compile-region.ts';
import type { Region } from './discover.ts';
import { encodeModule, type FunctionType, FunctionWriter, Op, ValueType } from './emit.ts';
import { CODE_SLOT_COUNT, CODE_SLOTS, COUNTER, MAX_CALL_DEPTH, Outcome, REGION_TYPE } from './layout.ts';
import { fusedMultiplyAdd } from './translate-float.ts';

const { i32, i64, f64 } = ValueType;

const types: readonly FunctionType[] = [
  { parameters: [i32, i32], results: [i32] },
  { parameters: [i32, i32, i32], results: [i32] },
  { parameters: [i32, i64, i64, i64, i32], results: [i32] },
  { parameters: [i32, i64, i64, i64, i64, i32], results: [i32] },
  { parameters: [], results: [i32] },
  { parameters: [f64, f64, f64], results: [f64] },
];
const threeWords = 1;
const slowLoadType = 2;
const slowStoreType = 3;
const noParameters = 4;
const multiplyAddType = 5;

/** What the dispatcher asks of TypeScript. All return an Outcome except where said. */
export interface DispatcherImports {
  /** (address low, high, width) */
  readonly loadSlow: (low: number, high: number, width: number) => number;
  readonly storeSlow: (low: number, high: number, width: number) => number;
  /** Makes the fetch at state.pc translatable by the software TLB, or takes the fault. */
  readonly fetchMiss: () => number;
  /** Code at state.pc is not in the code slots: runs it somehow, or puts it there. */
  readonly codeMiss: () => number;
  /** Executes one instruction by the reference semantics. */
  readonly step: () => number;
}

/** The functions of the dispatcher module. */
export interface Dispatcher {
  /** (context, address of the code at which to stop or 0, depth): runs until an Outcome that unwinds, or until the stop. */
  readonly run: (context: number, stop: number, depth: number) => number;
  readonly callGuest: (context: number, stop: number, depth: number) => number;
  readonly slowLoad: WebAssembly.ExportValue;
  readonly slowStore: WebAssembly.ExportValue;
}

/** Bytes of the module that holds the block-to-block dispatcher and the slow paths' common parts. */
export function encodeDispatcher(): Uint8Array<ArrayBuffer> {
  const imports = [
    { name: 'loadSlow', type: threeWords },
    { name: 'storeSlow', type: threeWords },
    { name: 'fetchMiss', type: noParameters },
    { name: 'codeMiss', type: noParameters },
    { name: 'step', type: noParameters },
  ];
  const run = imports.length;
  return encodeModule({
    types,
    imports,
    functions: [
      { type: threeWords, body: dispatchLoop({ fetchMiss: 2, codeMiss: 3, step: 4 }), exportAs: 'run' },
      { type: threeWords, body: nestedCall(run), exportAs: 'callGuest' },
      { type: slowLoadType, body: slowLoad(0), exportAs: 'slowLoad' },
      { type: slowStoreType, body: slowStore(1), exportAs: 'slowStore' },
    ],
  });
}

/**
 * Finds the code at state.pc (fetch table of the software TLB, then the code slot of the physical address) and calls it, again
 * and again.
 */
function dispatchLoop(imports: { fetchMiss: number; codeMiss: number; step: number }): FunctionWriter {
  const writer = new FunctionWriter(3);
  const [context, stop, depth] = [0, 1, 2];
  const pc = writer.local(i64);
  const entry = writer.local(i32);
  const address = writer.local(i32);
  const slot = writer.local(i32);
  const outcome = writer.local(i32);
  const loop = writer.open(Op.loop);
  const again = (call: number): void => {
    writer.call(call).tee(outcome).op(Op.i32Eqz).brIf(loop).get(outcome).op(Op.return);
  };
  writer.get(context).memory(Op.i64Load, HartOffset.pc).tee(pc);
  writer.op(Op.i32WrapI64).i32(TRANSLATION_INDEX_SHIFT).op(Op.i32ShrU).i32(TRANSLATION_INDEX_MASK).op(Op.i32And);
  writer.get(context).memory(Op.i32Load, HartOffset.fetchTranslations).op(Op.i32Add).tee(entry);
  writer.memory(Op.i64Load, FETCH_TABLE).get(pc).i64(-4096).op(Op.i64And).op(Op.i64Ne).open(Op.if);
  again(imports.fetchMiss);
  writer.close();
  writer
    .get(pc)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, FETCH_TABLE + 8)
    .op(Op.i32Add)
    .tee(address);
  writer.get(stop).op(Op.i32Eq).open(Op.if);
  writer.i32(Outcome.proceed).op(Op.return);
  writer.close();
  writer
    .get(address)
    .i32(2)
    .op(Op.i32Shl)
    .i32((CODE_SLOT_COUNT - 1) << 3)
    .op(Op.i32And)
    .tee(slot);
  writer.memory(Op.i32Load, CODE_SLOTS).get(address).op(Op.i32Ne).open(Op.if);
  again(imports.codeMiss);
  writer.close();
  writer
    .get(context)
    .get(depth)
    .get(slot)
    .memory(Op.i32Load, CODE_SLOTS + 4)
    .callIndirect(REGION_TYPE)
    .tee(outcome);
  writer.op(Op.i32Eqz).brIf(loop);
  writer.get(outcome).i32(Outcome.step).op(Op.i32Eq).open(Op.if);
  again(imports.step);
  writer.close();
  writer.get(outcome).op(Op.return);
  writer.close();
  writer.op(Op.unreachable);
  return writer;
}

/** A guest call: the dispatcher once more, unless calls are nested too deeply: then the caller leaves, and is re-entered later. */
function nestedCall(run: number): FunctionWriter {
  const writer = new FunctionWriter(3);
  const [context, stop, depth] = [0, 1, 2];
  writer.get(depth).i32(MAX_CALL_DEPTH).op(Op.i32GtS).open(Op.if);
  writer.i32(Outcome.proceed).op(Op.return);
  writer.close();
  writer.get(context).get(stop).get(depth).call(run);
  return writer;
}

/** Publishes pc and counter as they are before the instruction, then asks TypeScript. */
function slowLoad(loadSlow: number): FunctionWriter {
  const writer = new FunctionWriter(5);
  const [context, address, pc, counter, width] = [0, 1, 2, 3, 4];
  writer.get(context).get(pc).memory(Op.i64Store, HartOffset.pc);
  writer.i32(0).get(counter).memory(Op.i64Store, COUNTER);
  writer.get(address).op(Op.i32WrapI64).get(address).i64(32).op(Op.i64ShrU).op(Op.i32WrapI64);
  writer.get(width).call(loadSlow);
  return writer;
}

function slowStore(storeSlow: number): FunctionWriter {
  const writer = new FunctionWriter(6);
  const [context, address, pc, counter, value, width] = [0, 1, 2, 3, 4, 5];
  writer.get(context).get(pc).memory(Op.i64Store, HartOffset.pc);
  writer.i32(0).get(counter).memory(Op.i64Store, COUNTER);
  writer.get(context).get(value).memory(Op.i64Store, HartOffset.scratch);
  writer.get(address).op(Op.i32WrapI64).get(address).i64(32).op(Op.i64ShrU).op(Op.i32WrapI64);
  writer.get(width).call(storeSlow);
  return writer;
}

/** A region and where its page lies in the machine's memory. */
export interface PlacedRegion {
  readonly region: Region;
  readonly codePage: number;
}

/** Bytes of a module with one function per region, which puts them into the table from index `firstIndex`. */
export function encodeRegions(regions: readonly PlacedRegion[], firstIndex: number): Uint8Array<ArrayBuffer> {
  const imports = [
    { name: 'slowLoad', type: slowLoadType },
    { name: 'slowStore', type: slowStoreType },
    { name: 'callGuest', type: threeWords },
  ];
  const multiplyAdd = imports.length + regions.length;
  const bodies = regions.map(({ region, codePage }) => ({
    type: REGION_TYPE,
    body: compileRegion(region, codePage, { slowLoad: 0, slowStore: 1, callGuest: 2, multiplyAdd }),
  }));
  return encodeModule({
    types,
    imports,
    functions: [...bodies, { type: multiplyAddType, body: fusedMultiplyAdd() }],
    elements: { at: firstIndex, functions: regions.map((_, index) => imports.length + index) },
  });
}
