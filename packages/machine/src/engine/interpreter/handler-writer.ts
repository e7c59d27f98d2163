import type { AccessWidth, Instruction, RegisterOperand } from '@worldswitch/isa';
import { Mstatus } from '../../hart/hart-context.ts';
import { HartOffset, OpenControl } from '../../hart/hart-state.ts';
import { LIGHT_STATUS } from '../../hart/supervisor-status.ts';
import { indexMaskOf, LOAD_TABLE, STORE_TABLE, TRANSLATION_INDEX_SHIFT } from '../../memory/memory-layout.ts';
import { type RowShape, shapeOf } from '../compiler/discovery/row-shape.ts';
import { loadOpcodes, storeOpcodes } from '../compiler/emission/access-opcodes.ts';
import { type FunctionWriter, Op, ValueType } from '../compiler/emission/emit.ts';
import type { AccessAddress } from '../compiler/translation/access-context.ts';
import { pushTagOf } from '../compiler/translation/address-check.ts';
import { writeZeros } from '../compiler/translation/atomic-access.ts';
import { type AtomicStatement, writeAtomicOperation } from '../compiler/translation/atomic-operation.ts';
import {
  type CsrContext,
  pushCsrValue,
  pushHasConsequence,
  requireOpen,
  writeCsrChange,
  writeCsrLoad,
  writeCsrStore,
  writeSumChange,
} from '../compiler/translation/csr-access.ts';
import { pushIsFloatDirty } from '../compiler/translation/float-unit.ts';
import type { InstructionContext } from '../compiler/translation/instruction-context.ts';
import { translateInstruction } from '../compiler/translation/translate.ts';
import type { PlainCsr } from '../plain-csr.ts';
import { atomicOf, CsrChangeField, CsrPlace, type Handler } from './handlers.ts';
import { STEP_MASK } from './layout.ts';
import {
  handlerInstruction,
  IMMEDIATE,
  IMMEDIATE_PLACE,
  jumpInstruction,
  NEXT,
  Operand,
  type OperandPlaces,
  restOfAtomic,
  valueInstruction,
  withoutImmediate,
} from './operands.ts';

const { i32, i64, f64 } = ValueType;

/** NX in fflags. */
const INEXACT = 1;

/** Parameter of the interpreter's function: the hart context's base. */
export const CONTEXT = 0;

/** Local variables that the loop and its handlers share. */
export interface LoopLocals {
  /** i32: the running instruction's entry. */
  readonly entry: number;
  /** i32: entries of the running page; i64: its virtual address. */
  readonly pageEntries: number;
  readonly pageAddress: number;
  /** i32: instructions that may still retire; data accesses since the last synchronisation. */
  readonly counter: number;
  readonly accesses: number;
  /** i64: where a jump goes; i32: how it is followed (see JumpMark). */
  readonly target: number;
  readonly mark: number;
  readonly outcome: number;
}

/** How much attention a jump's target gets: looked up in the code slots; also counted; also told to the compiler. */
export const JumpMark = { plain: 0, counted: 1, computed: 2 } as const;

export interface LoopLabels {
  /** The next instruction. */
  readonly next: number;
  /** A jump to `target` has retired. */
  readonly taken: number;
  /** The instruction is left to the reference semantics; nothing of it has happened. */
  readonly step: number;
  /** All state is stored and `outcome` set: returns. */
  readonly stored: number;
}

/** Functions that handlers call. */
export interface HandlerImports {
  /** (context, address, pc, counter, accesses, width) -> Outcome; what comes of it is in state.scratch and COUNTER. */
  readonly loadMiss: number;
  readonly storeMiss: number;
  readonly multiplyAdd: number;
}

/** Writes the cases of the interpreter's loop, one at a time. */
export class HandlerWriter implements InstructionContext, CsrContext {
  readonly writer: FunctionWriter;
  readonly hart = CONTEXT;
  readonly #locals: LoopLocals;
  readonly #imports: HandlerImports;
  readonly #reloadCounter: () => void;
  #labels!: LoopLabels;
  #places!: OperandPlaces;
  /** Local variables of the operands by number, and of the two results. */
  readonly #x: readonly number[];
  readonly #f: readonly number[];
  readonly #address: number;
  readonly #translation: number;
  readonly #temporaries = new Map<ValueType, number[]>();
  readonly #inUse = new Map<ValueType, number>();
  #hasJumped = false;

  constructor(writer: FunctionWriter, locals: LoopLocals, imports: HandlerImports, reloadCounter: () => void) {
    this.writer = writer;
    this.#locals = locals;
    this.#imports = imports;
    this.#reloadCounter = reloadCounter;
    this.#x = Array.from({ length: 5 }, () => writer.local(i64));
    this.#f = Array.from({ length: 5 }, () => writer.local(f64));
    this.#address = writer.local(i64);
    this.#translation = writer.local(i32);
  }

  write(handler: Handler, labels: LoopLabels): void {
    const { writer } = this;
    const { instruction, jump } = handler;
    this.#labels = labels;
    this.#places = handler.places;
    this.#inUse.clear();
    this.#hasJumped = false;
    const atomic = atomicOf(instruction);
    if (atomic) {
      this.#atomic(instruction, atomic);
      return;
    }
    const shape = shapeOf(instruction);
    const fields = handlerInstruction(instruction, handler.rm);
    this.#requireFloat(shape);
    this.#readOperands(shapeOf(fields.instruction));
    translateInstruction(fields, this);
    if (shape.branch) {
      // The condition was left on the stack.
      writer.open(Op.if);
      translateInstruction(jumpInstruction(instruction, shape.branch.target), this);
      this.#follow('goto');
      writer.close();
    }
    // x0 is written like any other register where a row does more than that, and mended.
    if (shape.writesX) this.#storeX(shape.jump !== undefined || shape.accesses > 0 || shape.floats !== undefined);
    if (shape.writesF) {
      this.#pushRegister('rd');
      writer.get(this.#f[Operand.rd]!).memory(Op.f64Store, HartOffset.f);
    }
    if (jump && this.#hasJumped) this.#follow(jump);
    else this.#advance();
  }

  /** The case of instructions that only retire. */
  writeNothing(labels: LoopLabels): void {
    this.#labels = labels;
    this.#advance();
  }

  /** The case of a plain CSR's accesses. */
  writeCsr(csr: PlainCsr, labels: LoopLabels): void {
    this.#labels = labels;
    this.#places = withoutImmediate;
    this.#inUse.clear();
    const { writer } = this;
    const stored = writeCsrLoad(this, csr);
    if (csr.writeMask !== 0n) this.#changeCsr(csr, stored);
    pushCsrValue(this, csr, stored);
    writer.set(this.#x[Operand.rd]!);
    this.#storeX(true);
    this.#advance();
  }

  #changeCsr(csr: PlainCsr, stored: number): void {
    const { writer } = this;
    const next = this.temporary();
    const operand = this.temporary();
    const change = this.temporary(i32);
    const { entry } = this.#locals;
    writer.get(entry).memory(Op.i32Load8U, CsrPlace.change).tee(change).open(Op.if);
    writer.get(entry).memory(Op.i32Load8U, CsrPlace.isImmediate).open(Op.if, i64);
    writer.get(entry).memory(Op.i64Load8U, CsrPlace.immediate).otherwise();
    this.#pushRegister('rs1');
    writer.memory(Op.i64Load, HartOffset.x).close().set(operand);
    const whether = (field: number): void => {
      writer.get(change).i32(field).op(Op.i32Eq).open(Op.if, i64);
      writer.get(operand);
    };
    whether(CsrChangeField.set);
    writeCsrChange(this, csr, stored, 'set');
    writer.otherwise();
    whether(CsrChangeField.clear);
    writeCsrChange(this, csr, stored, 'clear');
    writer.otherwise().get(operand);
    writeCsrChange(this, csr, stored, 'write');
    writer.close().close().set(next);
    if (csr.kind === 'status') {
      pushHasConsequence(this, stored, next, LIGHT_STATUS | Mstatus.SUM);
      writer.brIf(this.#labels.step);
      writeSumChange(this, stored, next);
    }
    writeCsrStore(this, csr, next);
    writer.close();
  }

  #readOperands({ readsX, readsF }: RowShape): void {
    const { writer } = this;
    for (const operand of readsX) {
      if (operand === 'rs3') writer.get(this.#locals.entry).memory(Op.i64Load32S, IMMEDIATE_PLACE);
      else {
        this.#pushRegister(operand);
        writer.memory(Op.i64Load, HartOffset.x);
      }
      writer.set(this.#x[Operand[operand]]!);
    }
    for (const operand of readsF) {
      this.#pushRegister(operand);
      writer.memory(Op.f64Load, HartOffset.f).set(this.#f[Operand[operand]]!);
    }
  }

  /** Pushes the context's base plus eight times the register number of an operand. */
  #pushRegister(operand: RegisterOperand): void {
    this.writer.get(this.#locals.entry).memory(Op.i32Load8U, this.#places.registers[operand]);
    this.writer.get(CONTEXT).op(Op.i32Add);
  }

  #storeX(mayBeZero: boolean): void {
    this.#pushRegister('rd');
    this.writer.get(this.#x[Operand.rd]!).memory(Op.i64Store, HartOffset.x);
    if (mayBeZero) this.writer.get(CONTEXT).i64(0).memory(Op.i64Store, HartOffset.x);
  }

  #retire(): void {
    const { counter } = this.#locals;
    this.writer.get(counter).i32(1).op(Op.i32Sub).set(counter);
  }

  /** The instruction has retired; on to the one behind it. */
  #advance(): void {
    const { entry } = this.#locals;
    this.#retire();
    this.writer.get(entry);
    this.#pushStep();
    this.writer.op(Op.i32Add).set(entry).br(this.#labels.next);
  }

  /** Pushes the bytes of entries up to the next instruction's. */
  #pushStep(): void {
    this.writer.get(this.#locals.entry).memory(Op.i32Load8U, 0).i32(STEP_MASK).op(Op.i32And);
  }

  /** The jump has retired; its target is known. */
  #follow(kind: NonNullable<Handler['jump']>): void {
    const { writer } = this;
    const { mark, target } = this.#locals;
    this.#retire();
    if (kind === 'goto') {
      writer.get(target);
      this.pushPc(0);
      writer.op(Op.i64LeU);
    } else if (kind === 'return') writer.i32(JumpMark.plain);
    else writer.i32(kind === 'call' ? JumpMark.counted : JumpMark.computed);
    writer.set(mark).br(this.#labels.taken);
  }

  // ---- InstructionContext ----

  readX(register: number): number {
    return this.#x[register]!;
  }
  writeX(register: number): number {
    return this.#x[register]!;
  }
  readF(register: number): number {
    return this.#f[register]!;
  }
  writeF(register: number): number {
    return this.#f[register]!;
  }

  pushPc(distance: number): void {
    const { writer } = this;
    const { entry, pageEntries, pageAddress } = this.#locals;
    writer.get(entry);
    let rest = distance;
    if (distance >= NEXT / 2) {
      this.#pushStep();
      writer.op(Op.i32Add);
      rest -= NEXT;
    }
    writer.get(pageEntries).op(Op.i32Sub).i32(2).op(Op.i32ShrU);
    writer.op(Op.i64ExtendI32U).get(pageAddress).op(Op.i64Add);
    if (rest !== 0) writer.i64(rest).op(Op.i64Add);
  }

  temporary(type: ValueType = i64): number {
    const locals = this.#temporaries.get(type) ?? [];
    this.#temporaries.set(type, locals);
    const index = this.#inUse.get(type) ?? 0;
    this.#inUse.set(type, index + 1);
    locals[index] ??= this.writer.local(type);
    return locals[index];
  }

  pushRemaining(): void {
    this.writer.get(this.#locals.counter);
  }

  zeroBlock(block: number): void {
    const { writer } = this;
    const place = this.temporary(i32);
    requireOpen(this, OpenControl.zeroBlock);
    this.#isMiss(block, 1, STORE_TABLE);
    writer.brIf(this.#labels.step);
    this.#pushPhysical(block, STORE_TABLE);
    writer.set(place);
    writeZeros(writer, place);
  }

  require(): void {
    this.writer.op(Op.i32Eqz).brIf(this.#labels.step);
  }

  multiplyAdd(): void {
    this.writer.call(this.#imports.multiplyAdd);
  }

  jump(): void {
    this.#hasJumped = true;
    this.writer.set(this.#locals.target);
  }

  branch(): void {}

  /** Requires the floating-point unit to be on and dirty; for rounding, also nearest even with the inexact flag set. */
  #requireFloat({ floats, isRounding }: RowShape): void {
    if (floats === undefined) return;
    const { writer } = this;
    pushIsFloatDirty(writer, CONTEXT);
    if (isRounding) {
      writer.get(CONTEXT).memory(Op.i32Load, HartOffset.fflags).i32(INEXACT).op(Op.i32And).op(Op.i32And);
      writer.get(CONTEXT).memory(Op.i32Load, HartOffset.frm).op(Op.i32Eqz).op(Op.i32And);
    }
    this.require();
  }

  // ---- memory ----

  /** Pushes whether the software TLB does not translate the access, which is in one page, or else must be aligned. */
  #isMiss(address: number, width: AccessWidth, table: number, isAligned = false): void {
    const { writer } = this;
    writer
      .get(address)
      .op(Op.i32WrapI64)
      .i32(TRANSLATION_INDEX_SHIFT)
      .op(Op.i32ShrU)
      .i32(indexMaskOf(table))
      .op(Op.i32And);
    writer.get(CONTEXT).memory(Op.i32Load, HartOffset.dataTranslations).op(Op.i32Add);
    writer.tee(this.#translation).memory(Op.i64Load, table);
    pushTagOf(writer, address, width, isAligned);
    writer.op(Op.i64Ne);
  }

  /** Pushes where in the machine's memory the operand is that the software TLB has translated, and counts the access. */
  #pushPhysical(address: number, table: number): void {
    const { writer } = this;
    const { accesses } = this.#locals;
    writer.get(accesses).i32(1).op(Op.i32Add).set(accesses);
    writer
      .get(address)
      .op(Op.i32WrapI64)
      .get(this.#translation)
      .memory(Op.i32Load, table + 8)
      .op(Op.i32Add);
  }

  #callSlow(imported: number, address: number, width: AccessWidth): void {
    const { writer } = this;
    const { counter, accesses, outcome } = this.#locals;
    writer.get(CONTEXT).get(address);
    this.pushPc(0);
    writer.get(counter).get(accesses).i32(width).call(imported);
    writer.tee(outcome).brIf(this.#labels.stored);
    this.#reloadCounter();
  }

  /** The local variable that holds the address. */
  #addressIn({ local, offset }: AccessAddress): number {
    if (offset === 0) return local;
    this.writer.get(local).i64(offset).op(Op.i64Add).set(this.#address);
    return this.#address;
  }

  load(width: AccessWidth, isSigned: boolean, place: AccessAddress, isDouble = false): void {
    const { writer } = this;
    const opcode = isDouble ? Op.f64Load : loadOpcodes[width][isSigned ? 'signed' : 'unsigned'];
    const address = this.#addressIn(place);
    this.#isMiss(address, width, LOAD_TABLE);
    writer.open(Op.if, isDouble ? f64 : i64);
    this.#callSlow(this.#imports.loadMiss, address, width);
    writer.get(CONTEXT).memory(opcode, HartOffset.scratch);
    writer.otherwise();
    this.#pushPhysical(address, LOAD_TABLE);
    writer.memory(opcode, 0);
    writer.close();
  }

  store(width: AccessWidth, place: AccessAddress, value: number, isDouble = false): void {
    const { writer } = this;
    const opcode = isDouble ? Op.f64Store : storeOpcodes[width];
    const address = this.#addressIn(place);
    this.#isMiss(address, width, STORE_TABLE);
    writer.open(Op.if);
    writer
      .get(CONTEXT)
      .get(value)
      .memory(isDouble ? Op.f64Store : Op.i64Store, HartOffset.scratch);
    this.#callSlow(this.#imports.storeMiss, address, width);
    writer.otherwise();
    this.#pushPhysical(address, STORE_TABLE);
    writer.get(value).memory(opcode, 0);
    writer.close();
  }

  /**
   * An atomic on a page that the software TLB translates for it: RAM, naturally aligned, without code. Everything else is left to
   * the reference semantics.
   */
  #atomic(instruction: Instruction, atomic: AtomicStatement): void {
    const { writer } = this;
    const { width } = atomic;
    const isLoad = atomic.kind === 'loadReserved';
    const at = this.temporary(i32);
    const operand = this.temporary();
    const result = this.#x[IMMEDIATE]!;
    const value = this.#x[Operand.rd]!;
    if (!isLoad) {
      const setOperand = valueInstruction(instruction, atomic.value);
      this.#readOperands(shapeOf(setOperand.instruction));
      translateInstruction(setOperand, this);
      writer.get(value);
      if (width === 4) writer.op(Op.i64Extend32S);
      writer.set(operand);
    }
    const setAddress = valueInstruction(instruction, atomic.address);
    this.#readOperands(shapeOf(setAddress.instruction));
    translateInstruction(setAddress, this);
    writer.get(value).set(this.#address);
    const table = isLoad ? LOAD_TABLE : STORE_TABLE;
    this.#isMiss(this.#address, width, table, true);
    writer.brIf(this.#labels.step);
    this.#pushPhysical(this.#address, table);
    writer.set(at);
    writeAtomicOperation(writer, atomic, { context: CONTEXT, at, operand, result });
    const rest = restOfAtomic(instruction, atomic);
    translateInstruction(rest, this);
    if (shapeOf(rest.instruction).writesX) this.#storeX(true);
    this.#advance();
  }
}
