import type { AccessWidth } from '@worldswitch/isa';
import { HartOffset, OpenControl } from '../../../hart/hart-state.ts';
import { type Block, type Edge, edgesOf, type PlacedInstruction } from '../discovery/discover.ts';
import { successorsOf } from '../discovery/region-graph.ts';
import { analyseRegisters, type RegisterState, registerUse } from '../discovery/register-flow.ts';
import { FIRST_FLOAT, membersOf, NO_REGISTERS, type RegisterSet, union } from '../discovery/register-set.ts';
import { withRounds } from '../discovery/rounds.ts';
import { type RowShape, shapeOf } from '../discovery/row-shape.ts';
import { withSingleEntries } from '../discovery/single-entry.ts';
import { writeStructured } from '../discovery/structure.ts';
import { wordsAfter, zeroExtensionAt } from '../discovery/word-values.ts';
import { FunctionWriter, Op, ValueType } from '../emission/emit.ts';
import { CODE_PARAMETERS, COUNTER, Outcome } from '../layout.ts';
import type { AccessAddress, AccessContext, PageMemo } from './access-context.ts';
import { type AccessWindow, extentOfWindow, type WindowExtent, windowsAfter } from './access-window.ts';
import { writeAtomic, writeZeroBlock } from './atomic-access.ts';
import type { AtomicStatement } from './atomic-operation.ts';
import { type CsrAccessContext, requireOpen, writeCsrAccess } from './csr-access.ts';
import { FloatUnit, floatNeeds } from './float-unit.ts';
import { writeGuestCall } from './guest-call.ts';
import type { InstructionContext } from './instruction-context.ts';
import { writeJumpTable } from './jump-table.ts';
import { writeLoad, writeStore } from './memory-access.ts';
import { PageMemos } from './page-memos.ts';
import { freshPath } from './path.ts';
import { PathBudget } from './path-budget.ts';
import type { PlacedRegion, RegionImports } from './placed-region.ts';
import { RegionExits } from './region-exit.ts';
import { RegionLocals } from './region-locals.ts';
import { translateInstruction } from './translate.ts';
import { pushAreTranslated, writeWindowCheck } from './window-check.ts';

/** Parameters of a region's function: the hart context's base, and how deeply guest calls are nested. */
const CONTEXT = 0;
const DEPTH = 1;
/** Accesses that must share a window for it to be worth its check. */
const MIN_SHARED_ACCESSES = 3;

/** The function of a region. */
export interface RegionFunction {
  readonly body: FunctionWriter;
  /** It calls the module's multiplyAdd. */
  readonly multipliesAndAdds: boolean;
}

/**
 * Writes the function of a region: (context, depth) -> Outcome. Guest registers are locals, loaded where they are needed and
 * written back where the function ends or calls. The page's virtual address is read from state.pc, so that one translation
 * serves every address at which the page is mapped.
 */
export function compileRegion(placed: PlacedRegion, imports: RegionImports): RegionFunction {
  const region = withRounds(withSingleEntries(placed.region), placed.physicalSize === 0);
  return new RegionCompiler({ ...placed, region }, imports).compile();
}

/** State of one region's compilation. */
class RegionCompiler implements InstructionContext, AccessContext, CsrAccessContext {
  readonly writer = new FunctionWriter(CODE_PARAMETERS);
  readonly hart = CONTEXT;
  readonly physicalSize: number;
  readonly translations: number;
  readonly counter: number;
  readonly pageAddress: number;
  readonly #placed: PlacedRegion;
  readonly #imports: RegionImports;
  readonly #states: readonly RegisterState[];
  readonly #locals = new RegionLocals(this.writer);
  readonly #exits: RegionExits;
  readonly #floatUnit: FloatUnit;
  readonly #target: number;
  readonly #outcome: number;
  readonly #budget: PathBudget;
  readonly #pageMemos: PageMemos;
  #isContinuation: (block: number) => boolean = () => false;
  /** Where the translation stands. */
  #path = freshPath();
  #dirty: RegisterSet = NO_REGISTERS;
  #valid: RegisterSet = NO_REGISTERS;
  #words = 0;
  /** The instruction that follows was written already. */
  #isFused = false;
  #multipliesAndAdds = false;
  #offset = 0;
  #place = { block: 0, position: 0 };

  constructor(placed: PlacedRegion, imports: RegionImports) {
    const { writer } = this;
    this.#placed = placed;
    this.#imports = imports;
    this.#states = analyseRegisters(placed.region);
    this.physicalSize = placed.physicalSize;
    this.#floatUnit = new FloatUnit(writer, placed.region);
    this.counter = writer.local(ValueType.i64);
    this.pageAddress = writer.local(ValueType.i64);
    this.#target = writer.local(ValueType.i64);
    this.#outcome = writer.local(ValueType.i32);
    this.translations = writer.local(ValueType.i32);
    this.#budget = new PathBudget(writer, this.counter, placed.region);
    this.#pageMemos = new PageMemos(writer, placed);
    this.#exits = new RegionExits(this);
  }

  compile(): RegionFunction {
    const { writer } = this;
    const { blocks } = this.#placed.region;
    writer.get(CONTEXT).memory(Op.i64Load, HartOffset.pc).i64(-4096).op(Op.i64And).set(this.pageAddress);
    this.loadState(0);
    this.#exits.open();
    writeStructured(
      {
        successors: blocks.map(successorsOf),
        writeNode: (index, go, isContinuation) => {
          this.#isContinuation = isContinuation;
          this.#block(index, go);
        },
      },
      writer,
    );
    this.#exits.close();
    return { body: writer, multipliesAndAdds: this.#multipliesAndAdds };
  }

  /** Loads what is kept in locals and may have changed outside; `block` is where control goes on. */
  loadState(block: number): void {
    const { writer } = this;
    for (const register of membersOf(this.#states[block]!.live)) {
      const isFloat = register >= FIRST_FLOAT;
      writer.get(CONTEXT);
      if (isFloat) writer.memory(Op.f64Load, HartOffset.f + 8 * (register - FIRST_FLOAT));
      else writer.memory(Op.i64Load, HartOffset.x + 8 * register);
      writer.set(this.registerLocal(register));
    }
    writer.i32(0).memory(Op.i64Load, COUNTER).set(this.counter);
    this.#pageMemos.forget();
    if (this.physicalSize === 0)
      writer.get(CONTEXT).memory(Op.i32Load, HartOffset.dataTranslations).set(this.translations);
    this.#floatUnit.look(CONTEXT);
  }

  /** Stores the registers that are dirty here. */
  storeDirty(): void {
    this.#exits.storeRegisters(this.#dirty);
  }

  // ---- blocks ----

  #block(index: number, go: (successor: number) => void): void {
    const block = this.#placed.region.blocks[index]!;
    const { dirty, valid } = this.#states[index]!;
    if (!this.#isContinuation(index)) this.#path = freshPath();
    this.#dirty = dirty;
    this.#valid = valid;
    this.#offset = block.offset;
    this.#requireBudget(index);
    this.#words = this.#states[index]!.words;
    for (const [position, instruction] of block.instructions.entries()) {
      this.#place = { block: index, position };
      this.#instruction(instruction, block.instructions);
    }
    this.#terminator(block, go);
  }

  /** Sees to it that the budget suffices for the block; one comparison does for all blocks that follow it and no other. */
  #requireBudget(index: number): void {
    if (this.#budget.suffices(this.#path, index)) return;
    this.#budget.pushFallsShort(this.#path, index, this.#isContinuation);
    this.writer.open(Op.if);
    this.#leaveHere(Outcome.budget);
    this.writer.close();
  }

  #instruction(placed: PlacedInstruction, all: readonly PlacedInstruction[]): void {
    const { offset, decoded, plainCsr } = placed;
    const path = this.#path;
    const shape = shapeOf(decoded.instruction);
    this.#offset = offset;
    this.#locals.freeTemporaries();
    this.#requireFloat(shape);
    if (plainCsr) writeCsrAccess(this, decoded.rd, plainCsr);
    else if (this.#isFused) this.#isFused = false;
    else if (!this.#zeroExtend(decoded.rd, all)) translateInstruction(decoded, this);
    path.instructions++;
    path.budget--;
    // Accesses count as TLB lookups, which there are none of where addresses are physical.
    if (this.physicalSize === 0) path.accesses += shape.accesses;
    const { writes } = registerUse(placed);
    if (writes.x !== 0) path.windows = windowsAfter(path.windows, placed);
    this.#dirty = union(this.#dirty, writes);
    this.#valid = union(this.#valid, writes);
    this.#words = wordsAfter(this.#words, placed);
  }

  /** Writes two shifts as one extension with zeros, where the one that stands here and the next are such; the next is done then. */
  #zeroExtend(rd: number, instructions: readonly PlacedInstruction[]): boolean {
    const found = zeroExtensionAt(instructions, this.#place.position);
    if (!found) return false;
    const { writer } = this;
    writer.get(this.readX(found.from)).op(Op.i32WrapI64).op(Op.i64ExtendI32U);
    if (found.shift > 0) writer.i64(found.shift).op(Op.i64Shl);
    writer.set(this.writeX(rd));
    this.#isFused = true;
    return true;
  }

  get words(): number {
    return this.#words;
  }

  #terminator(block: Block, go: (successor: number) => void): void {
    const { writer } = this;
    const { end } = block;
    const edges = edgesOf(block);
    const follow = (edge: Edge): void => {
      if ('offset' in edge) {
        this.#leaveTo(() => this.pushAddress(edge.offset));
        return;
      }
      const [path, dirty, valid] = [this.#path, this.#dirty, this.#valid];
      this.#path = { ...path };
      if (!this.#isContinuation(edge.block)) this.#budget.flush(this.#path);
      go(edges.filter((other) => 'block' in other).indexOf(edge));
      this.#path = path;
      this.#dirty = dirty;
      this.#valid = valid;
    };
    switch (end.kind) {
      case 'goto':
        follow(end.to);
        return;
      case 'branch':
        // The condition was left on the stack.
        writer.open(Op.if);
        follow(end.taken);
        writer.otherwise();
        follow(end.fallThrough);
        writer.close();
        return;
      case 'indirect':
        if (end.targets.length > 0) {
          const offsets = end.targets.map(({ block: target }) => this.#placed.region.blocks[target]!.offset);
          const pushAddress = (offset: number): void => this.pushAddress(offset);
          writeJumpTable(writer, this.#target, offsets, pushAddress, (index) => follow(end.targets[index]!));
        }
        this.#leaveTo(() => writer.get(this.#target));
        return;
      case 'windows':
        this.#requireWindows(end.windows);
        writer.open(Op.if);
        follow(end.covered);
        this.#path.windows = [];
        writer.otherwise();
        follow(end.alone);
        writer.close();
        return;
      case 'step':
      case 'environmentCall':
        this.#offset = end.offset;
        this.#leaveHere(Outcome[end.kind]);
        return;
      case 'interpret':
        this.#offset = end.offset;
        this.#leaveHere(Outcome.access);
        return;
      case 'call': {
        const { to, returnTo } = end;
        const pushCallee = (): void => {
          if (to) this.pushAddress(to.offset);
          else writer.get(this.#target);
        };
        if ('offset' in returnTo) {
          this.#leaveTo(pushCallee);
          return;
        }
        writeGuestCall(this, {
          callee: to?.offset,
          pushCallee,
          returnBlock: returnTo.block,
          returnOffset: this.#placed.region.blocks[returnTo.block]!.offset,
          entryOffset: this.#placed.region.blocks[0]!.offset,
          placed: this.#placed,
          imports: this.#imports,
          depth: DEPTH,
          outcome: this.#outcome,
        });
        this.#path = freshPath();
        follow(returnTo);
        return;
      }
      default:
        end satisfies never;
    }
  }

  // ---- ways out ----

  /** Leaves with everything executed so far done, and pc at #offset. */
  #leaveHere(outcome: Outcome): void {
    const { instructions, accesses } = this.#path;
    this.#exits.leave({ offset: this.#offset, outcome, instructions, accesses }, this.#dirty, this.#valid);
  }

  /** Goes on elsewhere: the way that is often taken. */
  #leaveTo(pushAddress: () => void): void {
    const { writer } = this;
    this.#exits.storeRegisters(this.#dirty);
    writer.get(CONTEXT);
    pushAddress();
    writer.memory(Op.i64Store, HartOffset.pc);
    this.storeCounter();
    writer.i32(Outcome.proceed).op(Op.return);
  }

  storeCounter(): void {
    this.writer.i32(0);
    this.#budget.pushCounter(this.#path);
    this.writer.memory(Op.i64Store, COUNTER);
  }

  require(): void {
    this.writer.op(Op.i32Eqz).open(Op.if);
    this.#leaveHere(Outcome.step);
    this.writer.close();
  }

  leaveIf(): void {
    this.writer.open(Op.if);
    this.#leaveHere(Outcome.access);
    this.writer.close();
  }

  // ---- instructions ----

  /** What float instructions rely on can change between blocks only, so it is looked at once a path. */
  #requireFloat(shape: RowShape): void {
    const needed = floatNeeds(shape);
    if (needed <= this.#path.float) return;
    this.#path.float = needed;
    this.#floatUnit.pushIs(needed);
    this.require();
  }

  multiplyAdd(): void {
    this.#multipliesAndAdds = true;
    this.writer.call(this.#imports.multiplyAdd);
  }

  registerLocal(register: number): number {
    return this.#locals.register(register);
  }

  readF(register: number): number {
    return this.registerLocal(FIRST_FLOAT + register);
  }

  writeF(register: number): number {
    return this.registerLocal(FIRST_FLOAT + register);
  }

  readX(register: number): number {
    return this.registerLocal(register);
  }

  writeX(register: number): number {
    return this.registerLocal(register);
  }

  pushRemaining(): void {
    this.writer.get(this.counter).op(Op.i32WrapI64).i32(this.#path.instructions).op(Op.i32Sub);
  }

  atomic(statement: AtomicStatement, address: AccessAddress, value: number | undefined): void {
    writeAtomic(this, statement, address, value);
  }

  zeroBlock(block: number): void {
    requireOpen(this, OpenControl.zeroBlock);
    writeZeroBlock(this, block);
  }

  /** Pushes the virtual address at an offset from the page's start. */
  pushAddress(offset: number): void {
    this.writer.get(this.pageAddress);
    if (offset !== 0) this.writer.i64(offset).op(Op.i64Add);
  }

  pushPc(distance: number): void {
    this.pushAddress(this.#offset + distance);
  }

  temporary(type: ValueType = ValueType.i64): number {
    return this.#locals.temporary(type);
  }

  pageMemo(): PageMemo | undefined {
    return this.#pageMemos.at(this.#place.block, this.#offset);
  }

  load(width: AccessWidth, isSigned: boolean, address: AccessAddress, isDouble = false): void {
    writeLoad(this, address, width, isSigned, isDouble, this.#windowFor(address, width, false));
  }

  store(width: AccessWidth, address: AccessAddress, value: number, isDouble = false): void {
    writeStore(this, address, width, value, isDouble, this.#windowFor(address, width, true));
  }

  /** The window that covers an access, checked now when it was not before and others share it. */
  #windowFor(
    { register, local, offset }: AccessAddress,
    width: AccessWidth,
    isStore: boolean,
  ): AccessWindow | undefined {
    if (register === undefined) return undefined;
    const path = this.#path;
    const known = path.windows.find(
      ({ base, low, high, isStore: isForStores }) =>
        base === register && offset >= low && offset + width <= high && (isForStores || !isStore),
    );
    if (known) return known;
    const { block, position } = this.#place;
    const extent = extentOfWindow(this.#placed.region, block, position, this.#isContinuation);
    if (!extent || extent.count < MIN_SHARED_ACCESSES) return undefined;
    const window = this.#newWindow({ ...extent, isStore }, this.physicalSize > 0);
    writeWindowCheck(this, local, window);
    path.windows = [...path.windows, window];
    return window;
  }

  /** A window with a local variable that no other one uses here. */
  #newWindow({ base, low, high, isStore }: WindowExtent, isSure: boolean): AccessWindow {
    const local = this.#locals.windowBesides(this.#path.windows);
    return { base, low, high, isStore, isSure, local };
  }

  /** Pushes whether these windows lie in pages of the translation tables, and takes them for granted. */
  #requireWindows(extents: readonly WindowExtent[]): void {
    this.#locals.freeTemporaries();
    this.#path.windows = [];
    for (const extent of extents) this.#path.windows = [...this.#path.windows, this.#newWindow(extent, true)];
    const checks = this.#path.windows.map((window) => ({ base: this.readX(window.base), window }));
    pushAreTranslated(this, checks);
  }

  jump(): void {
    this.writer.set(this.#target);
  }

  branch(): void {
    // The condition stays on the stack for the terminator.
  }
}
