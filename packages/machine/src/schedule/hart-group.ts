import { InternalError, type TlbModel } from '@worldswitch/contracts';
import { defaultInstructionSet, type InstructionSet } from '@worldswitch/isa';
import { DeviceTimers } from '../board/device-timers.ts';
import type { Engine } from '../engine/engine.ts';
import { ReferenceEngine } from '../engine/reference/reference-engine.ts';
import { MachineError } from '../errors.ts';
import { type ControlOperation, controlOperations } from '../hart/control.ts';
import { CsrFile } from '../hart/csr-file.ts';
import { Hart, type HartState } from '../hart/hart.ts';
import { CsrSlot, HartContext } from '../hart/hart-context.ts';
import { resetHypervisor } from '../hypervisor/reset.ts';
import type { Bus } from '../memory/bus.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { MAX_CONTEXTS, RAM } from '../memory/memory-layout.ts';
import type { Ram } from '../memory/ram.ts';
import { type ClockState, MachineClock } from './machine-clock.ts';

/** Harts of one machine at most: as many as QEMU's `virt` board has by default. */
export const MAX_HARTS = 8;

export type HartGroupState = { readonly clock: ClockState; readonly harts: readonly HartState[] };

export interface HartGroupOptions {
  readonly memory: MachineMemory;
  readonly ram: Ram;
  readonly bus: Bus;
  /** 1 to MAX_HARTS, default 1. */
  readonly harts?: number;
  /** Makes the TLB model of each hart. Default: 1024 sets of 4 ways, first in first out. */
  readonly createTlb?: (hart: number) => TlbModel;
  readonly instructionSet?: InstructionSet;
  /** Control operations of added extensions, by name. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

/**
 * The harts of one machine and what they share: memory, bus, clock, decoded and translated code, and the pool of register
 * contexts. One of them runs at a time.
 */
export class HartGroup {
  readonly memory: MachineMemory;
  readonly ram: Ram;
  readonly bus: Bus;
  readonly ramFrames: number;
  readonly instructionSet: InstructionSet;
  readonly controls: Readonly<Record<string, ControlOperation>>;
  readonly csrs: CsrFile;
  readonly clock = new MachineClock();
  /** Of devices, which are called between two instructions of whichever hart runs. */
  readonly timers = new DeviceTimers(() => this.requestAttention());
  readonly reference: ReferenceEngine;
  readonly harts: readonly Hart[];
  /** The hart that runs now. */
  running: Hart | undefined;
  /** The slice that runs, or the next one, is to end with `stop`. */
  isStopRequested = false;
  #engine: Engine;
  readonly #contexts: (HartContext | undefined)[] = new Array(MAX_CONTEXTS).fill(undefined);

  /** Throws MachineError for a number of harts that is none, and for control operations that no one carries out. */
  constructor(options: HartGroupOptions) {
    const { harts = 1, createTlb } = options;
    if (!Number.isInteger(harts) || harts < 1 || harts > MAX_HARTS) {
      throw new MachineError(`a machine has 1 to ${MAX_HARTS} harts, not ${harts}`);
    }
    this.memory = options.memory;
    this.ram = options.ram;
    this.bus = options.bus;
    this.ramFrames = options.memory.ramSize / 4096;
    this.instructionSet = options.instructionSet ?? defaultInstructionSet();
    this.controls = { ...controlOperations, ...options.controls };
    for (const name of this.instructionSet.controls) {
      if (!this.controls[name]) throw new MachineError(`no one carries out ${name}: hand it in as a control operation`);
    }
    this.csrs = new CsrFile(this.instructionSet);
    this.reference = new ReferenceEngine(this);
    this.#engine = this.reference;
    this.ram.code.onWrite = (frame, offset, length) => this.#codeWritten(frame, offset, length);
    this.harts = Array.from({ length: harts }, (_, id) => {
      const tlb = createTlb?.(id);
      return new Hart(this, { id, ...(tlb && { tlb }), harts });
    });
  }

  get engine(): Engine {
    return this.#engine;
  }
  /** Another engine may take over between two slices. */
  set engine(engine: Engine) {
    if (this.running) throw new MachineError('the engine cannot change while a hart runs');
    this.#engine = engine;
  }

  /** Throws MachineError when there are MAX_CONTEXTS already. */
  createContext(): HartContext {
    const index = this.#contexts.indexOf(undefined);
    if (index < 0) throw new MachineError(`a machine holds at most ${MAX_CONTEXTS} register contexts`);
    const context = new HartContext(this.memory, index);
    // A and D are updated by hardware unless software asks for page faults, as on QEMU's virt board.
    context.setCsr(CsrSlot.menvcfg, 1n << 61n);
    resetHypervisor(context, this.instructionSet);
    this.#contexts[index] = context;
    return context;
  }

  /** The context's number is given to others; it must not be used any more. */
  releaseContext(context: HartContext): void {
    const index = this.#contexts.indexOf(context);
    if (index < 0) throw new MachineError('this register context was released before');
    for (const hart of this.harts) hart.abandon(context);
    this.#contexts[index] = undefined;
  }

  /** Register contexts in use, besides those that harts begin with. */
  get contexts(): number {
    return this.#contexts.filter((context) => context !== undefined).length - this.harts.length;
  }

  // ---- saving ----

  /** The harts with the one context that each of them runs, and their clock. Throws MachineError while one of them runs. */
  save(contexts: readonly HartContext[]): HartGroupState {
    return { clock: this.clock.save(), harts: this.harts.map((hart, index) => hart.save(contexts[index]!)) };
  }

  /** Makes harts and contexts what they were. Throws MachineError for another number of harts, and what Hart.restore throws. */
  restore(contexts: readonly HartContext[], state: HartGroupState): void {
    if (state.harts.length !== this.harts.length) {
      throw new MachineError(`the saved machine has ${state.harts.length} harts, this one ${this.harts.length}`);
    }
    for (const [index, hart] of this.harts.entries()) hart.restore(contexts[index]!, state.harts[index]!);
    this.clock.restore(state.clock, contexts[0]!);
    this.isStopRequested = false;
  }

  // ---- requests ----

  /** Ends the running slice, or the next one, with `stop`. */
  requestStop(): void {
    this.isStopRequested = true;
    this.requestAttention();
  }

  /** Makes every hart look at interrupts, timers and stop requests at its next boundary. */
  requestAttention(): void {
    for (const hart of this.harts) hart.requestAttention();
  }

  /** Software sets the clock of all harts. */
  setTime(ticks: number): void {
    this.clock.set(ticks);
    this.requestAttention();
  }

  /** An engine has decoded code of this frame of RAM: stores to it must be seen from now on, whichever hart makes them. */
  markCode(frame: number): void {
    const { isCode } = this.ram.code;
    if (isCode[frame] !== 0) return;
    isCode[frame] = 1;
    for (const hart of this.harts) hart.sets.forgetStores(RAM + frame * 4096);
  }

  #codeWritten(frame: number, offset: number, length: number): void {
    const isForgotten = this.reference.invalidateFrame(frame, offset, length);
    const isForgottenByEngine = this.#engine === this.reference || this.#engine.invalidateFrame(frame, offset, length);
    if (isForgotten && isForgottenByEngine) this.ram.code.isCode[frame] = 0;
  }

  /** The only hart of a machine made with one. */
  get only(): Hart {
    const [hart] = this.harts;
    if (!hart || this.harts.length > 1) throw new InternalError('this machine does not have one hart');
    return hart;
  }
}
