import { FIRST_FLOAT } from '../discovery/register-set.ts';
import { type FunctionWriter, ValueType } from '../emission/emit.ts';
import type { AccessWindow } from './access-window.ts';

/** Local variables of a region's function, which are there from when they are needed first. */
export class RegionLocals {
  readonly #writer: FunctionWriter;
  readonly #registers = new Map<number, number>();
  readonly #temporaries = new Map<ValueType, number[]>();
  readonly #temporariesInUse = new Map<ValueType, number>();
  readonly #windows: number[] = [];

  constructor(writer: FunctionWriter) {
    this.#writer = writer;
  }

  /** The one that holds a guest register (numbered as in register-set.ts). */
  register(register: number): number {
    let local = this.#registers.get(register);
    if (local === undefined) {
      local = this.#writer.local(register >= FIRST_FLOAT ? ValueType.f64 : ValueType.i64);
      this.#registers.set(register, local);
    }
    return local;
  }

  /** One that nothing else uses until `freeTemporaries`. */
  temporary(type: ValueType): number {
    const locals = this.#temporaries.get(type) ?? [];
    this.#temporaries.set(type, locals);
    const index = this.#temporariesInUse.get(type) ?? 0;
    this.#temporariesInUse.set(type, index + 1);
    locals[index] ??= this.#writer.local(type);
    return locals[index];
  }

  /** To be called where an instruction begins. */
  freeTemporaries(): void {
    this.#temporariesInUse.clear();
  }

  /** One for a window that is checked while these others hold. */
  windowBesides(windows: readonly AccessWindow[]): number {
    let free = 0;
    while (windows.some((other) => other.local === this.#windows[free])) free++;
    this.#windows[free] ??= this.#writer.local(ValueType.i32);
    return this.#windows[free]!;
  }
}
