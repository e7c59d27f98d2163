import type { Hart } from '../../hart/hart.ts';
import { HartOffset } from '../../hart/hart-state.ts';
import { environmentCallCause } from '../../hart/trap.ts';
import { AccessResult, type Width } from '../../memory/access/access-result.ts';
import { fetchWasm } from '../../memory/access/fetch.ts';
import { loadSlow } from '../../memory/access/load.ts';
import { storeSlow } from '../../memory/access/store.ts';
import type { MachineMemory } from '../../memory/machine-memory.ts';
import { FETCH_INDEX_MASK, FETCH_TABLE, TRANSLATION_INDEX_SHIFT } from '../../memory/memory-layout.ts';
import type { HartGroup } from '../../schedule/hart-group.ts';
import type { Engine } from '../engine.ts';
import { Interpreter } from '../interpreter/interpreter.ts';
import { createPlainCsrLookup } from '../plain-csr.ts';
import type { EngineStatistics } from '../statistics.ts';
import { CodeCache, DEFAULT_THRESHOLD } from './cache.ts';
import { DEFAULT_MAX_BYTES, DEFAULT_MAX_FUNCTIONS } from './code-modules.ts';
import {
  CLOCK_PARTS,
  CLOCK_PARTS_EACH,
  CLOCK_TICKS,
  COUNTER,
  type CodeVariant,
  INTERPRETED,
  INTERPRETER,
  Outcome,
} from './layout.ts';
import { type Dispatcher, encodeDispatcher } from './link.ts';

/**
 * Instructions that compiled code may run before it comes back to TypeScript: V8 replaces a WebAssembly function by its
 * optimised version only when it is entered anew.
 */
const STRETCH = 1_000_000;
/**
 * Code that is visited half as often as the threshold says in so many instructions is hot in the end, what is visited less often
 * never: being interpreted, it costs next to nothing.
 */
const COOLING_INTERVAL = 2 ** 33;
/**
 * Instructions that the reference semantics execute before the interpreter is made: programs that are shorter than that would wait
 * longer for it than it saves. At a jump it is looked at whether they are over.
 */
const COLD_START = 10_000;

const PC = HartOffset.pc / 4;
const INSTRET = HartOffset.instret / 4;
const DATA_ACCESSES = HartOffset.dataAccesses / 4;
const BUDGET = HartOffset.budget / 4;
const ATTENTION = HartOffset.attention / 4;
const FETCH_SET = HartOffset.fetchTranslations / 4;
const IS_TRANSLATING = HartOffset.isTranslating / 4;
const CODE_VARIANT = HartOffset.codeVariant / 4;
const COUNTER_WORD = COUNTER / 4;

export interface CompiledEngineOptions {
  /** Milliseconds, for statistics only: without it they say nothing about time. */
  readonly clock?: () => number;
  /** Visits of a code address after which it is compiled, at most 65535. 0 compiles everything at once, Infinity nothing. */
  readonly threshold?: number;
  /** Instructions that run before the interpreter is made, by the reference semantics. */
  readonly coldStart?: number;
  /** Instructions after which code that is not compiled yet loses half of its visits, default 2^33. */
  readonly coolingInterval?: number;
  /** Default `compiled`. */
  readonly name?: string;
  /** Translated regions that are kept at once: at least 64, default 16384. The oldest go first. */
  readonly maxFunctions?: number;
  /** Bytes of WebAssembly that are kept at once, default 8 MiB. */
  readonly maxBytes?: number;
}

/** An engine with figures about what it did. */
export interface CompiledEngine extends Engine {
  readonly statistics: EngineStatistics;
}

/**
 * The engine that compiles hot code to WebAssembly. One serves all harts of a machine: its tables are in the machine's memory,
 * and translated code takes the context as a parameter.
 */
export function createCompiledEngine(group: HartGroup, options: CompiledEngineOptions = {}): CompiledEngine {
  return new Entry(group, options);
}

/** The border between TypeScript and compiled code: both directions, and the bookkeeping that makes counts exact on each side. */
class Entry implements CompiledEngine {
  readonly name: string;
  /** The hart that runs, or ran last. */
  #hart!: Hart;
  readonly #memory: MachineMemory;
  readonly #cache: CodeCache;
  readonly #dispatcher: Dispatcher;
  readonly #table: WebAssembly.Table;
  readonly #group: HartGroup;
  #interpreter: Interpreter | undefined;
  /** Instructions to go until it is made. */
  #coldStart: number;
  readonly #clock: (() => number) | undefined;
  readonly #reading = { ticks: 0, parts: 0, partsEach: 0 };
  readonly #calls = { loads: 0, stores: 0, fetches: 0, steps: 0, hot: 0 };
  #stepped = 0;
  readonly #coolingInterval: number;
  #toCooling: number;
  /** Of what was taken off the counter in place of the interpreter, or of it: what did not retire there. */
  #notInterpreted = 0;
  #handlerMs = 0;
  #runMs = 0;
  /** Word index of the current context. */
  #word = 0;
  /** What of COUNTER has been added to the context's instret, budget and dataAccesses. */
  #syncedBudget = 0;
  #syncedAccesses = 0;
  /** Translated code was thrown away: functions of it may still be on the stack, so everything must be left. */
  #isInvalidated = false;

  constructor(group: HartGroup, options: CompiledEngineOptions) {
    this.name = options.name ?? 'compiled';
    this.#group = group;
    this.#memory = group.memory;
    this.#coldStart = options.coldStart ?? COLD_START;
    this.#coolingInterval = options.coolingInterval ?? COOLING_INTERVAL;
    this.#toCooling = this.#coolingInterval;
    this.#clock = options.clock;
    group.memory.i64[INTERPRETED >>> 3] = 0n;
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    this.#table = table;
    const env = {
      memory: group.memory.wasm,
      table,
      fetchMiss: this.#timed(() => this.#fetchMiss()),
      codeMiss: this.#timed(() => this.#codeMiss()),
      step: this.#timed(() => this.#step()),
      runCold: () => this.#runCold(),
    };
    const module = new WebAssembly.Module(encodeDispatcher());
    this.#dispatcher = new WebAssembly.Instance(module, { env }).exports as unknown as Dispatcher;
    this.#cache = new CodeCache({
      memory: group.memory,
      table,
      decode: (bits) => group.instructionSet.decode(bits),
      markCode: (frame) => group.markCode(frame),
      clock: options.clock ?? (() => 0),
      plainCsrOf: createPlainCsrLookup(group.instructionSet),
      maxFunctions: Math.max(options.maxFunctions ?? DEFAULT_MAX_FUNCTIONS, 64),
      maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
      threshold: options.threshold ?? DEFAULT_THRESHOLD,
    });
    this.#cache.link(this.#dispatcher);
    table.set(INTERPRETER, this.#dispatcher.startCold);
  }

  get statistics(): EngineStatistics {
    const { compileMs, ...translated } = this.#cache.statistics;
    return {
      interpreted: Number(this.#memory.i64[INTERPRETED >>> 3]!) - this.#notInterpreted,
      stepped: this.#stepped,
      ...translated,
      liveRegions: this.#cache.liveRegions,
      liveBytes: this.#cache.liveBytes,
      decodedPages: this.#interpreter?.pages ?? 0,
      calls: { ...this.#calls },
      compileMs,
      handlerMs: Math.max(this.#handlerMs - compileMs, 0),
      runMs: this.#runMs,
    };
  }

  /** The function, with its time added to `handlerMs` where there is a clock. */
  #timed<Parameters extends readonly unknown[]>(
    call: (...parameters: Parameters) => Outcome,
  ): (...parameters: Parameters) => Outcome {
    const clock = this.#clock;
    if (!clock) return call;
    return (...parameters) => {
      const started = clock();
      const outcome = call(...parameters);
      this.#handlerMs += clock() - started;
      return outcome;
    };
  }

  run(hart: Hart): void {
    const started = this.#clock?.() ?? 0;
    this.#run(hart);
    if (this.#clock) this.#runMs += this.#clock() - started;
  }

  #run(hart: Hart): void {
    this.#hart = hart;
    const { i32 } = this.#memory;
    while (!hart.leave) {
      const { word, base } = hart.current;
      this.#word = word;
      if (i32[word + ATTENTION] !== 0) {
        hart.attend();
        continue;
      }
      const budget = i32[word + BUDGET]!;
      if (budget <= 0) return;
      const stretch = Math.min(budget, STRETCH, this.#group.clock.sight);
      i32[COUNTER_WORD] = stretch;
      i32[COUNTER_WORD + 1] = 0;
      this.#syncedBudget = stretch;
      this.#syncedAccesses = 0;
      this.#isInvalidated = false;
      this.#setClock(stretch);
      const outcome = this.#dispatcher.run(base, 0, 0, Outcome.proceed);
      this.#synchronise();
      this.#toCooling -= budget - i32[word + BUDGET]!;
      if (this.#toCooling <= 0) this.#cool();
      if (outcome === Outcome.trap) hart.takePendingTrap();
      else if (outcome === Outcome.environmentCall) this.#environmentCall();
    }
  }

  #cool(): void {
    this.#toCooling = this.#coolingInterval;
    this.#cache.cool();
  }

  /** Lets code read the clock by the counter, which is at `stretch`. */
  #setClock(stretch: number): void {
    const { i32 } = this.#memory;
    const reading = this.#reading;
    this.#group.clock.ahead(stretch, reading);
    i32[CLOCK_TICKS / 4] = reading.ticks | 0;
    i32[CLOCK_TICKS / 4 + 1] = Math.floor(reading.ticks / 2 ** 32);
    i32[CLOCK_PARTS / 4] = reading.parts;
    i32[CLOCK_PARTS_EACH / 4] = reading.partsEach;
  }

  invalidateFrame(frame: number, offset: number, length: number): boolean {
    const { isEmpty, isChanged } = this.#cache.invalidate(frame, offset, length);
    if (isChanged) this.#isInvalidated = true;
    const isNotDecoded = this.#interpreter?.invalidate(frame, offset, length) ?? true;
    return isEmpty && isNotDecoded;
  }

  reset(): void {
    this.#cache.reset();
    this.#interpreter?.reset();
    this.#isInvalidated = true;
  }

  /** What the control operation of the same name does, without an exception of JavaScript in between. */
  #environmentCall(): void {
    const hart = this.#hart;
    if (this.#memory.i32[this.#word + BUDGET]! <= 0) return;
    hart.noteFault(environmentCallCause(hart.current), 0, 0);
    hart.takePendingTrap();
  }

  /** Brings the context's instret, budget and dataAccesses up to what COUNTER says. */
  #synchronise(): void {
    const { i32 } = this.#memory;
    const word = this.#word;
    const budget = i32[COUNTER_WORD]!;
    const retired = this.#syncedBudget - budget;
    if (retired !== 0) {
      this.#syncedBudget = budget;
      i32[word + BUDGET]! -= retired;
      addToCounter(i32, word + INSTRET, retired);
    }
    const accesses = i32[COUNTER_WORD + 1]!;
    if (accesses !== this.#syncedAccesses) {
      const count = accesses - this.#syncedAccesses;
      this.#syncedAccesses = accesses;
      if (i32[word + IS_TRANSLATING] !== 0) addToCounter(i32, word + DATA_ACCESSES, count);
    }
  }

  /** One instruction by the reference semantics, at a boundary where the counts are synchronised. */
  #executeOne(): void {
    const { i32 } = this.#memory;
    const word = this.#word;
    const before = i32[word + BUDGET]!;
    this.#hart.reference.executeOne();
    const retired = before - i32[word + BUDGET]!;
    this.#syncedBudget -= retired;
    i32[COUNTER_WORD]! -= retired;
    this.#stepped += retired;
  }

  #mustLeave(): boolean {
    const { i32 } = this.#memory;
    return this.#hart.leave || this.#isInvalidated || i32[this.#word + ATTENTION] !== 0 || i32[COUNTER_WORD]! <= 0;
  }

  // ---- called by the dispatcher ----

  #step(): Outcome {
    this.#calls.steps++;
    this.#synchronise();
    // The end of a stretch is an end too: below 0, the counter would not stop the interpreter.
    if (this.#memory.i32[COUNTER_WORD]! <= 0) return Outcome.leave;
    this.#executeOne();
    return this.#mustLeave() ? Outcome.leave : Outcome.proceed;
  }

  #fetchMiss(): Outcome {
    this.#calls.fetches++;
    this.#synchronise();
    const { i32 } = this.#memory;
    const word = this.#word;
    if (i32[COUNTER_WORD]! <= 0) return Outcome.leave;
    const low = i32[word + PC]!;
    const high = i32[word + PC + 1]!;
    if (this.#hart.tlb.observesHits) return this.#step();
    if (fetchWasm(this.#hart, low, high) < 0) return Outcome.trap;
    return this.#isFetchable(low, high) ? Outcome.proceed : this.#step();
  }

  #codeMiss(): Outcome {
    this.#calls.hot++;
    const { i32 } = this.#memory;
    const address = this.#codeAddress(i32[this.#word + PC]!);
    const isThere = this.#cache.enter(address, i32[this.#word + CODE_VARIANT] as CodeVariant);
    return isThere ? Outcome.proceed : Outcome.access;
  }

  /** Executes up to the next jump by the reference semantics, and makes the interpreter once that has been enough. */
  #runCold(): Outcome {
    this.#synchronise();
    const { i32 } = this.#memory;
    const word = this.#word;
    while (!this.#mustLeave()) {
      const before = i32[word + PC]!;
      const stepped = this.#stepped;
      this.#executeOne();
      this.#notInterpreted += this.#stepped - stepped;
      this.#coldStart--;
      const distance = i32[word + PC]! - before;
      if (distance === 2 || distance === 4) continue;
      if (this.#coldStart <= 0) this.#makeInterpreter();
      return this.#mustLeave() ? Outcome.leave : Outcome.proceed;
    }
    return Outcome.leave;
  }

  #makeInterpreter(): void {
    const group = this.#group;
    this.#interpreter = new Interpreter({
      memory: this.#memory,
      instructionSet: group.instructionSet,
      markCode: (frame) => group.markCode(frame),
      noteJump: (from, to) => this.#cache.noteJump(from, to),
      interpretLoad: this.#timed((low: number, high: number, width: number) => {
        this.#calls.loads++;
        this.#synchronise();
        return this.#afterInterpreted(loadSlow(this.#hart, low, high, width as Width));
      }),
      interpretStore: this.#timed((low: number, high: number, width: number) => {
        this.#calls.stores++;
        this.#synchronise();
        return this.#afterInterpreted(storeSlow(this.#hart, low, high, width as Width));
      }),
    });
    this.#table.set(INTERPRETER, this.#interpreter.interpret);
  }

  /** The interpreter finishes the instruction. Where it must not go on, it is left no more than that to run. */
  #afterInterpreted(result: AccessResult): Outcome {
    if (result === AccessResult.fault) return Outcome.trap;
    const { i32 } = this.#memory;
    const word = this.#word;
    // What it had decoded of code that was overwritten is gone, and it looks before each instruction.
    if (this.#mustLeave() || !this.#isFetchable(i32[word + PC]!, i32[word + PC + 1]!)) {
      this.#notInterpreted += i32[COUNTER_WORD]! - 1;
      i32[COUNTER_WORD] = 1;
      this.#syncedBudget = 1;
    }
    return Outcome.proceed;
  }

  // ---- addresses of code ----

  #fetchEntry(low: number): number {
    return (
      (this.#memory.i32[this.#word + FETCH_SET]! +
        FETCH_TABLE +
        ((low >>> TRANSLATION_INDEX_SHIFT) & FETCH_INDEX_MASK)) >>>
      2
    );
  }

  /** Whether the fetch table of the software TLB translates the address. */
  #isFetchable(low: number, high: number): boolean {
    const { i32 } = this.#memory;
    const entry = this.#fetchEntry(low);
    return i32[entry] === (low & -4096) && i32[entry + 1] === high;
  }

  /** Byte offset in the machine's memory of code that is fetchable. */
  #codeAddress(low: number): number {
    return (low + this.#memory.i32[this.#fetchEntry(low) + 2]!) >>> 0;
  }
}

/** Adds a small number to a 64-bit counter kept in two words. */
function addToCounter(i32: Int32Array, word: number, count: number): void {
  const low = i32[word]! >>> 0;
  const sum = low + count;
  i32[word] = sum | 0;
  if (sum >= 2 ** 32) i32[word + 1]!++;
}
