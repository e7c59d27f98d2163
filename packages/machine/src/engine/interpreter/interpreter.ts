import type { InstructionSet } from '@worldswitch/isa';
import type { MachineMemory } from '../../memory/machine-memory.ts';
import { DecodeCache } from './decode-cache.ts';
import { encodeInterpreter, type Interpret, type InterpreterImports } from './encode-interpreter.ts';
import { HandlerTable } from './handlers.ts';

export interface InterpreterOptions extends Pick<InterpreterImports, 'noteJump' | 'interpretLoad' | 'interpretStore'> {
  readonly memory: MachineMemory;
  readonly instructionSet: InstructionSet;
  /** Tells that stores to this frame of RAM must be reported from now on. */
  readonly markCode: (frame: number) => void;
}

/** Handlers and module of an instruction set: the same for all machines. */
interface Prepared {
  readonly handlers: HandlerTable;
  readonly module: WebAssembly.Module;
}
const preparedSets = new WeakMap<InstructionSet, Prepared>();

function prepare(set: InstructionSet): Prepared {
  let prepared = preparedSets.get(set);
  if (!prepared) {
    const handlers = new HandlerTable(set);
    prepared = { handlers, module: new WebAssembly.Module(encodeInterpreter(handlers)) };
    preparedSets.set(set, prepared);
  }
  return prepared;
}

/** The interpreter of one machine: its WebAssembly function, and the decoded instructions that it reads. */
export class Interpreter {
  readonly interpret: Interpret;
  readonly #cache: DecodeCache;

  /** Generates and compiles the interpreter's code when it is the first one of the instruction set: some milliseconds. */
  constructor(options: InterpreterOptions) {
    const { memory, instructionSet, markCode } = options;
    const { handlers, module } = prepare(instructionSet);
    this.#cache = new DecodeCache({
      memory,
      handlers,
      markCode,
      decode: (bits) => instructionSet.decode(bits),
    });
    const env = {
      memory: memory.wasm,
      openPage: (codePage: number) => this.#cache.open(codePage),
      decode: (address: number) => this.#cache.decode(address >>> 0),
      decodeTwoPages: (first: number, second: number) => this.#cache.decodeTwoPages(first >>> 0, second >>> 0),
      noteJump: (from: number, to: number) => options.noteJump(from >>> 0, to >>> 0),
      interpretLoad: options.interpretLoad,
      interpretStore: options.interpretStore,
    };
    this.interpret = new WebAssembly.Instance(module, { env }).exports.interpret as unknown as Interpret;
  }

  /** Pages whose decoded instructions are kept. */
  get pages(): number {
    return this.#cache.pages;
  }

  /** Bytes of a frame were written. Returns true when nothing decoded of the frame is left. */
  invalidate(frame: number, offset: number, length: number): boolean {
    return this.#cache.invalidate(frame, offset, length);
  }

  reset(): void {
    this.#cache.reset();
  }
}
