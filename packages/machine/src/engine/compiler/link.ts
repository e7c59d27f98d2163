import { HartOffset } from '../../hart/hart-state.ts';
import { FETCH_INDEX_MASK, FETCH_TABLE, TRANSLATION_INDEX_SHIFT } from '../../memory/memory-layout.ts';
import { HEAT, HEAT_MASK } from '../interpreter/layout.ts';
import type { ByteWriter } from './emission/byte-writer.ts';
import { encodeModule, type FunctionType, FunctionWriter, Op, ValueType } from './emission/emit.ts';
import {
  CODE_PARAMETERS,
  CODE_SLOT_COUNT,
  CODE_SLOTS,
  CODE_TYPE,
  COUNTER,
  INTERPRETED,
  INTERPRETER,
  MAX_CALL_DEPTH,
  Outcome,
} from './layout.ts';
import { compileRegion } from './translation/compile-region.ts';
import type { PlacedRegion } from './translation/placed-region.ts';
import { fusedMultiplyAdd } from './translation/translate-float.ts';

const { i32, i64, f64 } = ValueType;

/** That with the index CODE_TYPE. */
const codeType: FunctionType = { parameters: Array(CODE_PARAMETERS).fill(i32), results: [i32] };
const requestType: FunctionType = { parameters: [], results: [i32] };
const multiplyAddType: FunctionType = { parameters: [f64, f64, f64], results: [f64] };

/** What the dispatcher asks of TypeScript. All return an Outcome except where said. */
export interface DispatcherImports {
  /** Makes the fetch at state.pc translatable by the software TLB, or takes the fault. */
  readonly fetchMiss: () => number;
  /** Code at state.pc is visited often and not in the code slots: `proceed` when it is there now, else it is interpreted. */
  readonly codeMiss: () => number;
  /** Executes one instruction by the reference semantics. */
  readonly step: () => number;
  /** Executes some, as long as there is no interpreter yet. */
  readonly runCold: () => number;
}

/** The functions of the dispatcher module. */
export interface Dispatcher {
  /**
   * (context, key of the code at which to stop or 0, depth, Outcome of what ran before): runs until an Outcome that unwinds, or
   * until the stop.
   */
  readonly run: (context: number, stop: number, depth: number, outcome: number) => number;
  readonly callGuest: (context: number, stop: number, depth: number, outcome: number) => number;
  /** (context, depth, index in the table) -> Outcome: calls a region's function. */
  readonly callRegion: WebAssembly.ExportValue;
  /** Stands in the table at INTERPRETER until the interpreter is there: asks TypeScript to execute something. */
  readonly startCold: WebAssembly.ExportValue;
}

/** Bytes of the module that holds the dispatcher. */
export function encodeDispatcher(): Uint8Array<ArrayBuffer> {
  const types = [codeType, requestType];
  const request = types.indexOf(requestType);
  const imports = ['fetchMiss', 'codeMiss', 'step', 'runCold'].map((name) => ({ name, type: request }));
  const run = imports.length;
  return encodeModule({
    types,
    imports,
    importsTable: true,
    functions: [
      { type: CODE_TYPE, body: dispatchLoop({ fetchMiss: 0, codeMiss: 1, step: 2 }), exportAs: 'run' },
      { type: CODE_TYPE, body: nestedCall(run), exportAs: 'callGuest' },
      { type: CODE_TYPE, body: regionCall(), exportAs: 'callRegion' },
      { type: CODE_TYPE, body: new FunctionWriter(CODE_PARAMETERS).call(3), exportAs: 'startCold' },
    ],
  });
}

/**
 * Finds the code at state.pc (fetch table of the software TLB, then the code slot of the physical address) and calls it, again
 * and again. What is not compiled goes to the interpreter; where compiled code leads to, it is counted as a visit.
 */
function dispatchLoop(imports: {
  readonly fetchMiss: number;
  readonly codeMiss: number;
  readonly step: number;
}): FunctionWriter {
  const writer = new FunctionWriter(CODE_PARAMETERS);
  const [context, stop, depth, outcome] = [0, 1, 2, 3];
  const pc = writer.local(i64);
  const entry = writer.local(i32);
  const key = writer.local(i32);
  const slot = writer.local(i32);
  /** What ran last was interpreted. */
  const isCold = writer.local(i32);
  const loop = writer.open(Op.loop);
  const again = (call: number): void => {
    writer.call(call).tee(outcome).op(Op.i32Eqz).brIf(loop).get(outcome).op(Op.return);
  };
  const interpret = writer.open(Op.block);
  writer.get(outcome).open(Op.if);
  writer.get(outcome).i32(Outcome.step).op(Op.i32Eq).open(Op.if);
  again(imports.step);
  writer.close();
  writer.get(outcome).i32(Outcome.access).op(Op.i32Eq).brIf(interpret);
  writer.get(outcome).i32(Outcome.budget).op(Op.i32Eq).brIf(interpret);
  writer.get(outcome).op(Op.return);
  writer.close();
  writer.get(context).memory(Op.i64Load, HartOffset.pc).tee(pc);
  writer.op(Op.i32WrapI64).i32(TRANSLATION_INDEX_SHIFT).op(Op.i32ShrU).i32(FETCH_INDEX_MASK).op(Op.i32And);
  writer.get(context).memory(Op.i32Load, HartOffset.fetchTranslations).op(Op.i32Add).tee(entry);
  writer.memory(Op.i64Load, FETCH_TABLE).get(pc).i64(-4096).op(Op.i64And).op(Op.i64Ne).open(Op.if);
  again(imports.fetchMiss);
  writer.close();
  writer
    .get(pc)
    .op(Op.i32WrapI64)
    .get(entry)
    .memory(Op.i32Load, FETCH_TABLE + 8)
    .op(Op.i32Add);
  writer.get(context).memory(Op.i32Load, HartOffset.codeVariant).op(Op.i32Or).tee(key);
  writer.get(stop).op(Op.i32Eq).open(Op.if);
  writer.i32(Outcome.proceed).op(Op.return);
  writer.close();
  writer
    .get(key)
    .i32(2)
    .op(Op.i32Shl)
    .i32((CODE_SLOT_COUNT - 1) << 3)
    .op(Op.i32And)
    .tee(slot);
  writer.memory(Op.i32Load, CODE_SLOTS).get(key).op(Op.i32Ne).open(Op.if);
  writer.get(key).i32(HEAT_MASK).op(Op.i32And).tee(slot);
  writer.memory(Op.i32Load16U, HEAT).op(Op.i32Eqz).open(Op.if);
  writer.call(imports.codeMiss).op(Op.i32Eqz).brIf(loop).br(interpret);
  writer.close();
  // One visit less to go, where it was compiled code that came here.
  writer.get(slot).get(slot).memory(Op.i32Load16U, HEAT).get(isCold).op(Op.i32Eqz).op(Op.i32Sub);
  writer.memory(Op.i32Store16, HEAT).br(interpret);
  writer.close();
  writer.i32(0).set(isCold);
  writer
    .get(context)
    .get(depth)
    .i32(0)
    .i32(0)
    .get(slot)
    .memory(Op.i32Load, CODE_SLOTS + 4)
    .callIndirect(CODE_TYPE)
    .set(outcome)
    .br(loop);
  writer.close();
  writer.i32(1).set(isCold);
  writer.i32(0).memory(Op.i32Load, COUNTER).set(slot);
  writer.get(context).get(stop).i32(0).i32(0).i32(INTERPRETER).callIndirect(CODE_TYPE).set(outcome);
  writer.i32(0).i32(0).memory(Op.i64Load, INTERPRETED);
  writer.get(slot).i32(0).memory(Op.i32Load, COUNTER).op(Op.i32Sub).op(Op.i64ExtendI32U).op(Op.i64Add);
  writer.memory(Op.i64Store, INTERPRETED).br(loop);
  writer.close();
  writer.op(Op.unreachable);
  return writer;
}

/** A guest call: the dispatcher once more, unless calls are nested too deeply: then the caller leaves, and is re-entered later. */
function nestedCall(run: number): FunctionWriter {
  const writer = new FunctionWriter(CODE_PARAMETERS);
  const [context, stop, depth, outcome] = [0, 1, 2, 3];
  writer.get(depth).i32(MAX_CALL_DEPTH).op(Op.i32GtS).open(Op.if);
  writer.get(outcome).op(Op.return);
  writer.close();
  writer.get(context).get(stop).get(depth).get(outcome).call(run);
  return writer;
}

function regionCall(): FunctionWriter {
  const [context, depth, index] = [0, 1, 2];
  const writer = new FunctionWriter(CODE_PARAMETERS);
  return writer.get(context).get(depth).i32(0).i32(0).get(index).callIndirect(CODE_TYPE);
}

/**
 * Bytes of a module with one function per region, exported by its number. It does not import the table: V8 makes a copy of a table
 * for each module that does, and keeps such a module for as long as the table. With a writer the bytes hold until it is written to again.
 */
export function encodeRegions(regions: readonly PlacedRegion[], writer?: ByteWriter): Uint8Array<ArrayBuffer> {
  const imports = ['callGuest', 'callRegion'].map((name) => ({ name, type: CODE_TYPE }));
  const multiplyAdd = imports.length + regions.length;
  let multipliesAndAdds = false;
  const functions = regions.map((placed, index) => {
    const self = imports.length + index;
    const region = compileRegion(placed, { callGuest: 0, callRegion: 1, multiplyAdd, self });
    multipliesAndAdds ||= region.multipliesAndAdds;
    return { type: CODE_TYPE, body: region.body, exportAs: String(index) };
  });
  if (!multipliesAndAdds) return encodeModule({ types: [codeType], imports, functions }, writer);
  const types = [codeType, multiplyAddType];
  const last = { type: types.indexOf(multiplyAddType), body: fusedMultiplyAdd() };
  return encodeModule({ types, imports, functions: [...functions, last] }, writer);
}
