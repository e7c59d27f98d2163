import type { AccessWidth } from '@worldswitch/isa';
import { CsrSlot, Mstatus } from '../../hart-context.ts';
import { HartOffset } from '../../hart-state.ts';
import { LOAD_TABLE, STORE_TABLE, TRANSLATION_INDEX_MASK, TRANSLATION_INDEX_SHIFT } from '../../memory-layout.ts';
import type { Block, Edge, PlacedInstruction, Region } from './discover.ts';
import { FunctionWriter, Op, ValueType } from './emit.ts';
import { COUNTER, codeSlotOf, MAX_CALL_DEPTH, Outcome, REGION_TYPE } from './layout.ts';
import type { PlainCsrAccess } from './plain-csr.ts';
import { type RowShape, shapeOf } from './row-shape.ts';
import { writeStructured } from './structure.ts';
import { type InstructionContext, translateInstruction } from './translate.ts';

/** Indices of the functions that a region calls, in the module that it becomes part of. */
export interface RegionImports {
  /** (context, address, pc, counter, width) -> Outcome; the value is in state.scratch. */
  readonly slowLoad: number;
  /** (context, address, pc, counter, value, width) -> Outcome. */
  readonly slowStore: number;
  /** (context, address of the code at which to stop, depth) -> Outcome: runs a guest function until it returns. */
  readonly callGuest: number;
  /** (a, b, c) -> a * b + c of doubles; NaN when it cannot tell. */
  readonly multiplyAdd: number;
}

/** Parameters of a region's function: the hart context's base, and how deeply guest calls are nested. */
const CONTEXT = 0;
const DEPTH = 1;
const PARAMETERS = 2;
const PAGE_SIZE = 4096;
/** NX in fflags. */
const INEXACT = 1;

const loadOpcodes: Record<AccessWidth, { signed: number; unsigned: number }> = {
  1: { signed: Op.i64Load8S, unsigned: Op.i64Load8U },
  2: { signed: Op.i64Load16S, unsigned: Op.i64Load16U },
  4: { signed: Op.i64Load32S, unsigned: Op.i64Load32U },
  8: { signed: Op.i64Load, unsigned: Op.i64Load },
};
const storeOpcodes: Record<AccessWidth, number> = {
  1: Op.i64Store8,
  2: Op.i64Store16,
  4: Op.i64Store32,
  8: Op.i64Store,
};

/**
 * Writes the function of a region: (context, depth) -> Outcome. Guest registers are locals, loaded at the start and written back
 * wherever the function ends or calls. The page's virtual address is read from state.pc, so that one translation serves every
 * address at which the page is mapped.
 * @param codePage byte offset of the page in the machine's memory.
 */
export function compileRegion(region: Region, codePage: number, imports: RegionImports): FunctionWriter {
  return new RegionCompiler(region, codePage, imports).compile();
}

/** State of one region's compilation: the locals given out and the labels of the ways out. */
class RegionCompiler implements InstructionContext {
  readonly writer = new FunctionWriter(PARAMETERS);
  readonly #region: Region;
  readonly #codePage: number;
  readonly #imports: RegionImports;
  readonly #registers = new Map<number, number>();
  readonly #written: readonly number[];
  readonly #floatRegisters = new Map<number, number>();
  readonly #writtenFloats: readonly number[];
  /** i32: the floating-point unit is on and dirty; besides, it rounds to nearest even and the inexact flag is set. */
  readonly #isFloatOn: number;
  readonly #isFloatPlain: number;
  readonly #counter: number;
  readonly #pageAddress: number;
  readonly #translations: number;
  readonly #address: number;
  readonly #entry: number;
  readonly #outcome: number;
  readonly #exitPc: number;
  readonly #target: number;
  readonly #temporaries = new Map<ValueType, number[]>();
  readonly #temporariesInUse = new Map<ValueType, number>();
  #leaveLabel = 0;
  #storedLabel = 0;
  /** The instruction being translated, and what of its block comes after it and has been counted in advance. */
  #offset = 0;
  #uncountedInstructions = 0;
  #uncountedAccesses = 0;
  /** How much of the float unit's state this block has looked at: 0 nothing, 1 that it is on, 2 that it is plain. */
  #floatKnown = 0;

  constructor(region: Region, codePage: number, imports: RegionImports) {
    this.#region = region;
    this.#codePage = codePage;
    this.#imports = imports;
    const used = new Set<number>();
    const written = new Set<number>();
    const floats = new Set<number>();
    const writtenFloats = new Set<number>();
    let usesFloat = false;
    for (const block of region.blocks) {
      for (const { decoded, plainCsr } of block.instructions) {
        if (plainCsr) {
          used.add(decoded.rd);
          written.add(decoded.rd);
          if ('register' in plainCsr.source) used.add(plainCsr.source.register);
          continue;
        }
        const shape = shapeOf(decoded.instruction);
        for (const operand of shape.readsX) used.add(decoded[operand]);
        for (const operand of shape.readsF) floats.add(decoded[operand]);
        if (shape.floats) usesFloat = true;
        if (shape.writesF) {
          floats.add(decoded.rd);
          writtenFloats.add(decoded.rd);
        }
        if (shape.writesX) {
          used.add(decoded.rd);
          written.add(decoded.rd);
        }
      }
    }
    used.delete(0);
    written.delete(0);
    for (const register of [...used].sort((a, b) => a - b))
      this.#registers.set(register, this.writer.local(ValueType.i64));
    this.#written = [...written].sort((a, b) => a - b);
    for (const register of [...floats].sort((a, b) => a - b)) {
      this.#floatRegisters.set(register, this.writer.local(ValueType.f64));
    }
    this.#writtenFloats = [...writtenFloats].sort((a, b) => a - b);
    this.#isFloatOn = usesFloat ? this.writer.local(ValueType.i32) : -1;
    this.#isFloatPlain = usesFloat ? this.writer.local(ValueType.i32) : -1;
    this.#counter = this.writer.local(ValueType.i64);
    this.#pageAddress = this.writer.local(ValueType.i64);
    this.#address = this.writer.local(ValueType.i64);
    this.#exitPc = this.writer.local(ValueType.i64);
    this.#target = this.writer.local(ValueType.i64);
    this.#translations = this.writer.local(ValueType.i32);
    this.#entry = this.writer.local(ValueType.i32);
    this.#outcome = this.writer.local(ValueType.i32);
  }

  compile(): FunctionWriter {
    const { writer } = this;
    const { blocks } = this.#region;
    writer.get(CONTEXT).memory(Op.i64Load, HartOffset.pc).i64(-4096).op(Op.i64And).set(this.#pageAddress);
    this.#loadState();
    this.#storedLabel = writer.open(Op.block);
    this.#leaveLabel = writer.open(Op.block);
    writeStructured(
      {
        successors: blocks.map((block) => edgesOf(block).flatMap((edge) => ('block' in edge ? [edge.block] : []))),
        writeNode: (index, go) => this.#block(blocks[index]!, go),
      },
      writer,
    );
    writer.close();
    writer.get(CONTEXT).get(this.#exitPc).memory(Op.i64Store, HartOffset.pc);
    writer.i32(0).get(this.#counter).memory(Op.i64Store, COUNTER);
    writer.close();
    this.#storeRegisters();
    writer.get(this.#outcome);
    return writer;
  }

  #loadState(): void {
    const { writer } = this;
    for (const [register, local] of this.#registers) {
      writer
        .get(CONTEXT)
        .memory(Op.i64Load, HartOffset.x + 8 * register)
        .set(local);
    }
    writer.i32(0).memory(Op.i64Load, COUNTER).set(this.#counter);
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.dataTranslations).set(this.#translations);
    if (this.#isFloatOn < 0) return;
    for (const [register, local] of this.#floatRegisters) {
      writer
        .get(CONTEXT)
        .memory(Op.f64Load, HartOffset.f + 8 * register)
        .set(local);
    }
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.csr + 8 * CsrSlot.mstatus);
    writer.i32(Mstatus.FS).op(Op.i32And).i32(Mstatus.FS).op(Op.i32Eq).tee(this.#isFloatOn);
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.fflags).i32(INEXACT).op(Op.i32And).op(Op.i32And);
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.frm).op(Op.i32Eqz).op(Op.i32And).set(this.#isFloatPlain);
  }

  #storeRegisters(): void {
    for (const register of this.#written) {
      this.writer
        .get(CONTEXT)
        .get(this.#registers.get(register)!)
        .memory(Op.i64Store, HartOffset.x + 8 * register);
    }
    for (const register of this.#writtenFloats) {
      const local = this.#floatRegisters.get(register)!;
      this.writer
        .get(CONTEXT)
        .get(local)
        .memory(Op.f64Store, HartOffset.f + 8 * register);
    }
  }

  #block(block: Block, go: (successor: number) => void): void {
    const { writer } = this;
    const { instructions } = block;
    const accesses = instructions.reduce((sum, { decoded }) => sum + shapeOf(decoded.instruction).accesses, 0);
    if (instructions.length > 0) {
      writer.get(this.#counter).op(Op.i32WrapI64).i32(instructions.length).op(Op.i32LtS).open(Op.if);
      this.#leave(block.offset, Outcome.budget);
      writer.close();
      writer.get(this.#counter).i64(counterChange(-instructions.length, accesses)).op(Op.i64Add).set(this.#counter);
    }
    this.#uncountedInstructions = instructions.length;
    this.#uncountedAccesses = accesses;
    this.#floatKnown = 0;
    for (const placed of instructions) this.#instruction(placed);
    this.#terminator(block, go);
  }

  #instruction({ offset, decoded, plainCsr }: PlacedInstruction): void {
    this.#offset = offset;
    this.#temporariesInUse.clear();
    this.#requireFloat(shapeOf(decoded.instruction));
    if (plainCsr) this.#accessCsr(decoded.rd, plainCsr);
    else translateInstruction(decoded, this);
    this.#uncountedInstructions--;
    this.#uncountedAccesses -= shapeOf(decoded.instruction).accesses;
  }

  #terminator(block: Block, go: (successor: number) => void): void {
    const { writer } = this;
    const { end } = block;
    const edges = edgesOf(block);
    const follow = (edge: Edge): void => {
      if ('offset' in edge) this.#leave(edge.offset, Outcome.proceed);
      else go(edges.filter((other) => 'block' in other).indexOf(edge));
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
        if (end.targets.length > 0) this.#jumpWithin(end.targets, follow);
        writer.get(this.#target).set(this.#exitPc).i32(Outcome.proceed).set(this.#outcome).br(this.#leaveLabel);
        return;
      case 'step':
        this.#leave(end.offset, Outcome.step);
        return;
      case 'environmentCall':
        this.#leave(end.offset, Outcome.environmentCall);
        return;
      case 'call':
        this.#call(end.to, end.returnTo, follow);
        return;
      default:
        end satisfies never;
    }
  }

  /**
   * Follows a computed jump where it goes to one of these blocks, through a `br_table` over a hash of the offset; goes on
   * behind otherwise.
   */
  #jumpWithin(targets: readonly { readonly block: number }[], follow: (edge: Edge) => void): void {
    const { writer } = this;
    const offsets = targets.map(({ block }) => this.#region.blocks[block]!.offset);
    const elsewhere = writer.open(Op.block);
    const labels = targets.map(() => writer.open(Op.block));
    if (targets.length > 1) {
      const { multiplier, bits } = distinguish(offsets);
      const cases = new Array<number>((1 << bits) + 1).fill(elsewhere);
      for (const [index, offset] of offsets.entries()) cases[hash(offset, multiplier, bits)] = labels[index]!;
      writer
        .get(this.#target)
        .op(Op.i32WrapI64)
        .i32(PAGE_SIZE - 2)
        .op(Op.i32And);
      writer
        .i32(multiplier)
        .op(Op.i32Mul)
        .i32(32 - bits)
        .op(Op.i32ShrU)
        .brTable(cases);
    }
    for (let index = targets.length - 1; index >= 0; index--) {
      writer.close();
      writer.get(this.#target);
      this.pushAddress(offsets[index]!);
      writer.op(Op.i64Ne).brIf(elsewhere);
      follow(targets[index]!);
    }
    writer.close();
  }

  /** Runs the callee as a nested function; goes on after it when it came back to where it should, and leaves otherwise. */
  #call(to: { readonly offset: number } | undefined, returnTo: Edge, follow: (edge: Edge) => void): void {
    const { writer } = this;
    if ('offset' in returnTo) {
      if (to) this.#leave(to.offset, Outcome.proceed);
      else writer.get(this.#target).set(this.#exitPc).i32(Outcome.proceed).set(this.#outcome).br(this.#leaveLabel);
      return;
    }
    const returnOffset = this.#region.blocks[returnTo.block]!.offset;
    this.#storeRegisters();
    writer.get(CONTEXT);
    if (to) this.pushAddress(to.offset);
    else writer.get(this.#target);
    writer.memory(Op.i64Store, HartOffset.pc);
    writer.i32(0).get(this.#counter).memory(Op.i64Store, COUNTER);
    const isBack = (): void => {
      writer.get(CONTEXT).memory(Op.i64Load, HartOffset.pc);
      this.pushAddress(returnOffset);
      writer.op(Op.i64Eq);
    };
    const done = writer.open(Op.block);
    if (to && to.offset >= 0 && to.offset < PAGE_SIZE) {
      this.#callDirectly(this.#codePage + to.offset);
      isBack();
      writer.get(this.#outcome).op(Op.i32Eqz).op(Op.i32And).brIf(done);
      writer.get(this.#outcome).i32(Outcome.step).op(Op.i32GtS).open(Op.if);
      writer.get(this.#outcome).op(Op.return);
      writer.close();
    }
    // Goes on from state.pc, wherever that is, until the place is reached to which the call returns.
    writer
      .get(CONTEXT)
      .i32(this.#codePage + returnOffset)
      .get(DEPTH)
      .i32(1)
      .op(Op.i32Add);
    writer.call(this.#imports.callGuest).tee(this.#outcome).open(Op.if);
    writer.get(this.#outcome).op(Op.return);
    writer.close();
    isBack();
    writer.brIf(done);
    writer.i32(Outcome.proceed).op(Op.return);
    writer.close();
    this.#loadState();
    follow(returnTo);
  }

  /** Leaves before the instruction, for the reference semantics to execute it. */
  #leaveToStep(): void {
    this.#pushCounter();
    this.writer.set(this.#counter);
    this.#leave(this.#offset, Outcome.step);
  }

  require(): void {
    this.writer.op(Op.i32Eqz).open(Op.if);
    this.#leaveToStep();
    this.writer.close();
  }

  /** What float instructions rely on can change between blocks only, so it is looked at once a block. */
  #requireFloat({ floats, isRounding }: RowShape): void {
    const needed = floats === undefined ? 0 : isRounding ? 2 : 1;
    if (needed <= this.#floatKnown) return;
    this.#floatKnown = needed;
    this.writer.get(needed === 2 ? this.#isFloatPlain : this.#isFloatOn);
    this.require();
  }

  multiplyAdd(): void {
    this.writer.call(this.#imports.multiplyAdd);
  }

  readF(register: number): number {
    return this.#floatRegisters.get(register)!;
  }

  writeF(register: number): number {
    return this.#floatRegisters.get(register)!;
  }

  /** Accesses a CSR that is mere storage; without the privilege for it, the reference semantics raise the exception. */
  #accessCsr(rd: number, { offset, writeMask, privilege, change, source }: PlainCsrAccess): void {
    const { writer } = this;
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.privilege).i32(privilege).op(Op.i32LtS).open(Op.if);
    this.#leaveToStep();
    writer.close();
    const old = this.temporary();
    writer.get(CONTEXT).memory(Op.i64Load, offset).set(old);
    if (change !== 'none') {
      writer.get(CONTEXT).get(old);
      // new = old ^ ((old ^ written) & writable), and the like for set and clear.
      if ('immediate' in source) writer.i64(source.immediate);
      else if (source.register === 0) writer.i64(0);
      else writer.get(this.readX(source.register));
      if (change === 'write') writer.get(old).op(Op.i64Xor).i64(writeMask).op(Op.i64And).op(Op.i64Xor);
      else if (change === 'set') writer.i64(writeMask).op(Op.i64And).op(Op.i64Or);
      else writer.i64(writeMask).op(Op.i64And).i64(-1).op(Op.i64Xor).op(Op.i64And);
      writer.memory(Op.i64Store, offset);
    }
    if (rd !== 0) writer.get(old).set(this.writeX(rd));
  }

  /**
   * Calls code of the same page through its code slot, if it is there. The page is fetchable and stays so: whatever ends that
   * leaves all nested functions, or goes through the dispatcher before it comes back to this page.
   */
  #callDirectly(address: number): void {
    const { writer } = this;
    const slot = codeSlotOf(address);
    writer.i32(Outcome.step).set(this.#outcome);
    writer.i32(0).memory(Op.i32Load, slot).i32(address).op(Op.i32Eq);
    writer.get(DEPTH).i32(MAX_CALL_DEPTH).op(Op.i32LtS).op(Op.i32And).open(Op.if);
    writer
      .get(CONTEXT)
      .get(DEPTH)
      .i32(1)
      .op(Op.i32Add)
      .i32(0)
      .memory(Op.i32Load, slot + 4);
    writer.callIndirect(REGION_TYPE).set(this.#outcome);
    writer.close();
  }

  #leave(offset: number, outcome: Outcome): void {
    this.pushAddress(offset);
    this.writer.set(this.#exitPc).i32(outcome).set(this.#outcome).br(this.#leaveLabel);
  }

  /** Pushes the virtual address at an offset from the page's start. */
  pushAddress(offset: number): void {
    this.writer.get(this.#pageAddress);
    if (offset !== 0) this.writer.i64(offset).op(Op.i64Add);
  }

  readX(register: number): number {
    return this.#registers.get(register)!;
  }

  writeX(register: number): number {
    return this.#registers.get(register)!;
  }

  pushPc(distance: number): void {
    this.pushAddress(this.#offset + distance);
  }

  temporary(type: ValueType = ValueType.i64): number {
    const locals = this.#temporaries.get(type) ?? [];
    this.#temporaries.set(type, locals);
    const index = this.#temporariesInUse.get(type) ?? 0;
    this.#temporariesInUse.set(type, index + 1);
    locals[index] ??= this.writer.local(type);
    return locals[index];
  }

  /** Pushes the counter as it stood before the instruction that is being translated. */
  #pushCounter(): void {
    const change = counterChange(this.#uncountedInstructions, -this.#uncountedAccesses);
    this.writer.get(this.#counter).i64(change).op(Op.i64Add);
  }

  /** Opens an `if` that is taken when the software TLB does not translate the access. */
  #openMiss(address: number, width: AccessWidth, table: number, type?: ValueType): void {
    const { writer } = this;
    writer
      .get(address)
      .op(Op.i32WrapI64)
      .i32(TRANSLATION_INDEX_SHIFT)
      .op(Op.i32ShrU)
      .i32(TRANSLATION_INDEX_MASK)
      .op(Op.i32And);
    writer.get(this.#translations).op(Op.i32Add).tee(this.#entry).memory(Op.i64Load, table);
    writer
      .get(address)
      .i64(-4096 | (width - 1))
      .op(Op.i64And);
    writer.op(Op.i64Ne).open(Op.if, type);
  }

  #pushPhysical(address: number, table: number): void {
    this.writer
      .get(address)
      .op(Op.i32WrapI64)
      .get(this.#entry)
      .memory(Op.i32Load, table + 8)
      .op(Op.i32Add);
  }

  load(width: AccessWidth, isSigned: boolean, isDouble = false): void {
    const { writer } = this;
    const opcode = isDouble ? Op.f64Load : loadOpcodes[width][isSigned ? 'signed' : 'unsigned'];
    writer.set(this.#address);
    this.#openMiss(this.#address, width, LOAD_TABLE, isDouble ? ValueType.f64 : ValueType.i64);
    writer.get(CONTEXT).get(this.#address);
    this.pushPc(0);
    this.#pushCounter();
    writer.i32(width).call(this.#imports.slowLoad).tee(this.#outcome).brIf(this.#storedLabel);
    writer.get(CONTEXT).memory(opcode, HartOffset.scratch);
    writer.otherwise();
    this.#pushPhysical(this.#address, LOAD_TABLE);
    writer.memory(opcode, 0);
    writer.close();
  }

  store(width: AccessWidth, address: number, value: number): void {
    const { writer } = this;
    this.#openMiss(address, width, STORE_TABLE);
    writer.get(CONTEXT).get(address);
    this.pushPc(0);
    this.#pushCounter();
    writer.get(value).i32(width).call(this.#imports.slowStore).tee(this.#outcome).brIf(this.#storedLabel);
    writer.otherwise();
    this.#pushPhysical(address, STORE_TABLE);
    writer.get(value).memory(storeOpcodes[width], 0);
    writer.close();
  }

  jump(): void {
    this.writer.set(this.#target);
  }

  branch(): void {
    // The condition stays on the stack for the terminator.
  }
}

function edgesOf({ end }: Block): readonly Edge[] {
  switch (end.kind) {
    case 'goto':
      return [end.to];
    case 'branch':
      return [end.taken, end.fallThrough];
    case 'call':
      return [end.returnTo];
    case 'indirect':
      return end.targets;
    default:
      return [];
  }
}

function hash(offset: number, multiplier: number, bits: number): number {
  return Math.imul(offset, multiplier) >>> (32 - bits);
}

/** A multiplier under which the offsets of a page hash to different numbers, of as few bits as a short search finds. */
function distinguish(offsets: readonly number[]): { readonly multiplier: number; readonly bits: number } {
  for (let bits = 32 - Math.clz32(offsets.length - 1); bits < 11; bits++) {
    let multiplier = 0x9e3779b1;
    for (let attempt = 0; attempt < 64; attempt++) {
      multiplier = (Math.imul(multiplier, 0x10dcd) + 0x6b43a9b5) | 1;
      if (new Set(offsets.map((offset) => hash(offset, multiplier, bits))).size === offsets.length) {
        return { multiplier, bits };
      }
    }
  }
  // The eleven bits that tell places in a page apart, as they are.
  return { multiplier: 1 << 20, bits: 11 };
}

/** What to add to the counter for so many instructions of budget (low half) and accesses (high half). */
function counterChange(instructions: number, accesses: number): bigint {
  return BigInt(instructions) + (BigInt(accesses) << 32n);
}
