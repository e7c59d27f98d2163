import { HartOffset } from '../../../hart/hart-state.ts';
import { FIRST_FLOAT, intersection, isSubset, membersOf, type RegisterSet, union } from '../discovery/register-set.ts';
import { type FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import { COUNTER, type Outcome } from '../layout.ts';

/**
 * The ways out of a region's function. Most are never taken, so each is one constant that says where the hart stands, and all
 * that store the same registers share their code.
 */

/** What stands at a way out, in an i32: offset in the page, outcome, and what was executed but not yet counted (below 256). */
export interface ExitCode {
  readonly offset: number;
  readonly outcome: Outcome;
  readonly instructions: number;
  readonly accesses: number;
}
const OUTCOME_SHIFT = 12;
const INSTRUCTIONS_SHIFT = 15;
const ACCESSES_SHIFT = 23;

function encodeExit({ offset, outcome, instructions, accesses }: ExitCode): number {
  return offset | (outcome << OUTCOME_SHIFT) | (instructions << INSTRUCTIONS_SHIFT) | (accesses << ACCESSES_SHIFT);
}

/** Groups of ways out, at most; what fits none stores its registers where it stands. */
const GROUPS = 12;

interface Group {
  readonly label: number;
  /** What the group stores, and what it may store: a value that stands in a local at all of its places. */
  stores: RegisterSet;
  storable: RegisterSet;
}

/** What the ways out need to know of the function. */
export interface ExitContext {
  readonly writer: FunctionWriter;
  /** Local variables. */
  readonly hart: number;
  readonly counter: number;
  readonly pageAddress: number;
  registerLocal(register: number): number;
}

export class RegionExits {
  readonly #context: ExitContext;
  readonly #exit: number;
  readonly #groups: Group[] = [];
  #done = 0;
  #used = 0;

  constructor(context: ExitContext) {
    this.#context = context;
    this.#exit = context.writer.local(ValueType.i32);
  }

  /** To be called before anything that leaves is written, and `close` after all of it. */
  open(): void {
    const { writer } = this.#context;
    this.#done = writer.open(Op.block);
    for (let index = 0; index < GROUPS; index++) {
      this.#groups.push({
        label: writer.open(Op.block, ValueType.i32),
        stores: { x: 0, f: 0 },
        storable: { x: 0, f: 0 },
      });
    }
  }

  close(): void {
    const { writer, hart, counter, pageAddress } = this.#context;
    for (let index = GROUPS - 1; index >= 0; index--) {
      writer.close();
      if (index < GROUPS - this.#used) {
        writer.op(Op.unreachable);
        continue;
      }
      writer.set(this.#exit);
      this.storeRegisters(this.#groups[index]!.stores);
      writer.br(this.#done);
    }
    writer.close();
    const exit = this.#exit;
    writer.get(hart);
    writer.get(pageAddress).get(exit).i32(0xfff).op(Op.i32And).op(Op.i64ExtendI32U).op(Op.i64Add);
    writer.memory(Op.i64Store, HartOffset.pc);
    writer.i32(0).get(counter);
    writer.get(exit).i32(INSTRUCTIONS_SHIFT).op(Op.i32ShrU).i32(0xff).op(Op.i32And).op(Op.i64ExtendI32U).op(Op.i64Sub);
    writer.get(exit).i32(ACCESSES_SHIFT).op(Op.i32ShrU).op(Op.i64ExtendI32U).i64(32).op(Op.i64Shl).op(Op.i64Add);
    writer.memory(Op.i64Store, COUNTER);
    writer.get(exit).i32(OUTCOME_SHIFT).op(Op.i32ShrU).i32(7).op(Op.i32And);
  }

  /** Leaves. @param dirty registers to store. @param valid those whose locals hold their values. */
  leave(code: ExitCode, dirty: RegisterSet, valid: RegisterSet): void {
    const { writer } = this.#context;
    const group = this.#groupFor(dirty, valid);
    if (group) {
      writer.i32(encodeExit(code)).br(group.label);
      return;
    }
    this.storeRegisters(dirty);
    writer.i32(encodeExit(code)).set(this.#exit).br(this.#done);
  }

  #groupFor(dirty: RegisterSet, valid: RegisterSet): Group | undefined {
    for (let index = 0; index < this.#used; index++) {
      const group = this.#groups[GROUPS - 1 - index]!;
      const stores = union(group.stores, dirty);
      const storable = intersection(group.storable, valid);
      if (!isSubset(stores, storable)) continue;
      group.stores = stores;
      group.storable = storable;
      return group;
    }
    if (this.#used === GROUPS) return undefined;
    const group = this.#groups[GROUPS - 1 - this.#used]!;
    this.#used++;
    group.stores = dirty;
    group.storable = valid;
    return group;
  }

  storeRegisters(registers: RegisterSet): void {
    const { writer, hart } = this.#context;
    for (const register of membersOf(registers)) {
      const isFloat = register >= FIRST_FLOAT;
      writer.get(hart).get(this.#context.registerLocal(register));
      if (isFloat) writer.memory(Op.f64Store, HartOffset.f + 8 * (register - FIRST_FLOAT));
      else writer.memory(Op.i64Store, HartOffset.x + 8 * register);
    }
  }
}
