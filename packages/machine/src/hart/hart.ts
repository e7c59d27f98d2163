import { InternalError, type SavedState, type TlbModel } from '@worldswitch/contracts';
import { type DecodedInstruction, type InstructionSet, InterruptCause, type PrivilegeLevel } from '@worldswitch/isa';
import {
  createPageTableMemory,
  createTlb,
  createTranslationContext,
  createWalkResult,
  type PageTableMemory,
  PteFlag,
  type TranslationContext,
  type WalkResult,
} from '@worldswitch/mmu-tlb';
import type { Engine } from '../engine/engine.ts';
import type { ReferenceEngine } from '../engine/reference/reference-engine.ts';
import { MachineError } from '../errors.ts';
import { GuestTranslation } from '../hypervisor/guest-translation.ts';
import { switchWorld } from '../hypervisor/world-switch.ts';
import { protectPageTables } from '../memory/access/page-table-access.ts';
import type { Bus } from '../memory/bus.ts';
import type { MachineMemory } from '../memory/machine-memory.ts';
import { TRANSLATION_SETS } from '../memory/memory-layout.ts';
import type { Ram } from '../memory/ram.ts';
import { TranslationSets } from '../memory/software-tlb.ts';
import type { HartGroup } from '../schedule/hart-group.ts';
import type { MachineClock } from '../schedule/machine-clock.ts';
import type { ControlOperation } from './control.ts';
import type { CsrFile } from './csr-file.ts';
import { DEBUG_STOP, type DebugPoints } from './debug-points.ts';
import { fence } from './fence.ts';
import { type ContextState, CsrSlot, type HartContext, Mstatus } from './hart-context.ts';
import type { HartObserver } from './hart-observer.ts';
import { HartOffset } from './hart-state.ts';
import { chooseInterrupt, dueInterrupts, nextDeadline } from './interrupts.ts';
import { refreshPmp } from './pmp-csrs.ts';
import { TranslationChoice } from './translation-choice.ts';
import { joinHalves, takeTrap } from './trap.ts';

/** Thrown by `Hart.raise` and by the members of the reference engine; caught by whoever runs an instruction. Never allocated. */
export const GUEST_FAULT = { guestFault: true } as const;

/** Why a slice ended; `stop`: the machine was stopped by a device or by its owner. */
export type SliceEnd = 'trap' | 'interrupt' | 'budget' | 'wait' | 'stop';

/** Of a hart that runs one context, between two slices. */
export type HartState = {
  readonly context: ContextState;
  readonly machineDeadline: number;
  readonly trapStreak: number;
  readonly trapInstret: number;
  readonly isYieldRequested: boolean;
  /** pc, cause and value in hexadecimal with blanks between them; empty for none. */
  readonly firstTrap: string;
  readonly deviceAccesses: number;
  /** At most one: empty when the model cannot be saved. */
  readonly tlb: readonly SavedState[];
};

export interface HartOptions {
  /** mhartid: its place in the group. */
  readonly id: number;
  /** Harts of the group. */
  readonly harts: number;
  /** Default: 1024 sets of 4 ways, first in first out. */
  readonly tlb?: TlbModel;
}

/**
 * A physical hart: it runs one register context at a time and has a TLB of its own; engine, clock and memory are those of its
 * group. It owns what engines share: traps, interrupts, translation and the slow paths to memory.
 */
export class Hart {
  readonly id: number;
  readonly group: HartGroup;
  readonly memory: MachineMemory;
  readonly ram: Ram;
  readonly bus: Bus;
  readonly tlb: TlbModel;
  readonly sets: TranslationSets;
  readonly csrs: CsrFile;
  readonly instructionSet: InstructionSet;
  readonly controls: Readonly<Record<string, ControlOperation>>;
  readonly reference: ReferenceEngine;
  readonly ramFrames: number;
  readonly pageTables: PageTableMemory;
  readonly guest: GuestTranslation;
  readonly walkContext: TranslationContext = createTranslationContext({ hasNapot: true });
  readonly walkResult: WalkResult = createWalkResult();
  /** Level of the leaf that the last translation used; -1 when it was untranslated. */
  leafLevel = 0;
  /** Physical memory protection treats all of that page alike, so that the translation may be remembered. */
  isWholePageAllowed = true;
  /** Context that runs, or ran last. */
  current: HartContext;
  /** Asks the engine to return at the next instruction boundary. */
  leave = false;
  sliceEnd: SliceEnd = 'budget';
  exitCause = 0;
  /** Halves of `exitValue`. */
  exitLow = 0;
  exitHigh = 0;
  observer: HartObserver | undefined;
  /** Where a debugger wants to stop; absent while it wants nothing. Set by DebugPoints. */
  points: DebugPoints | undefined;
  /** Another hart is to have its turn: see requestYield. */
  isYieldRequested = false;
  /** See trap.ts: traps without a retired instruction in between. */
  trapStreak = 0;
  trapInstret = -1;
  /** The trap whose handler trapped at once, as its CSRs had it. */
  firstTrap: { readonly pc: bigint; readonly cause: bigint; readonly value: bigint } | undefined;
  /** Loads and stores that devices answered. */
  deviceAccesses = 0;
  /** mtimecmp of the CLINT, for contexts that are not hosted. */
  #machineDeadline = Number.POSITIVE_INFINITY;
  /** Instructions of the slice beyond `budget`. */
  #rest = 0;
  readonly #clock: MachineClock;
  /** 1 while a control instruction runs that will retire: it still counts to the old mode. */
  #retiring = 0;
  readonly #translations: TranslationChoice;
  /** Stands in `current` while no other context does. */
  readonly #home: HartContext;

  constructor(group: HartGroup, options: HartOptions) {
    this.id = options.id;
    this.group = group;
    this.memory = group.memory;
    this.ram = group.ram;
    this.bus = group.bus;
    this.ramFrames = group.ramFrames;
    this.instructionSet = group.instructionSet;
    this.controls = group.controls;
    this.csrs = group.csrs;
    this.reference = group.reference;
    this.#clock = group.clock;
    this.tlb = options.tlb ?? createTlb({ sets: 1024, ways: 4 });
    const sets = Math.floor(TRANSLATION_SETS / options.harts);
    this.sets = new TranslationSets(this.memory, options.id * sets, sets);
    this.#translations = new TranslationChoice(this);
    this.pageTables = protectPageTables(this, createPageTableMemory(this.ram));
    this.guest = new GuestTranslation(this.pageTables);
    this.tlb.onEvict = (entry) => this.sets.evict(entry.asid, entry.page, (entry.flags & PteFlag.global) !== 0);
    this.ram.dirty.onCut(() => this.sets.forgetAllStores());
    this.#home = group.createContext();
    this.current = this.#home;
  }

  get engine(): Engine {
    return this.group.engine;
  }

  /** Another register context for this hart. Throws MachineError when the machine has no more. */
  createContext(): HartContext {
    return this.group.createContext();
  }

  /** The context is about to be given to others: see HartGroup. */
  abandon(context: HartContext): void {
    // What it retired must stay in the clock when its place is cleared for another.
    if (this.current === context && context !== this.#home) this.#enter(this.#home);
  }

  // ---- saving ----

  /**
   * The hart with the one context it runs; clock and schedule are saved by HartGroup and HartSchedule. A TLB model that cannot be saved is flushed, so that this hart and a restored one go on
   * alike. Throws MachineError while it runs.
   */
  save(context: HartContext): HartState {
    if (this.group.running) throw new MachineError('a hart cannot be saved while it runs');
    const tlb = this.tlb.save?.();
    if (tlb === undefined) fence(this);
    const { firstTrap, trapStreak, trapInstret, deviceAccesses, isYieldRequested } = this;
    return {
      context: context.save(),
      machineDeadline: this.#machineDeadline,
      ...{ trapStreak, trapInstret, deviceAccesses, isYieldRequested },
      firstTrap: firstTrap ? [firstTrap.pc, firstTrap.cause, firstTrap.value].map((n) => n.toString(16)).join(' ') : '',
      tlb: tlb === undefined ? [] : [tlb],
    };
  }

  /** Makes hart and context what they were. Throws MachineError while it runs, and what the TLB model throws. */
  restore(context: HartContext, state: HartState): void {
    if (this.group.running) throw new MachineError('a hart cannot be restored while it runs');
    const [tlb] = state.tlb;
    if (tlb === undefined) this.tlb.flush();
    else this.tlb.restore?.(tlb);
    this.guest.isUsed = true;
    context.restore(state.context);
    refreshPmp(context);
    this.current = context;
    this.#machineDeadline = state.machineDeadline;
    this.trapStreak = state.trapStreak;
    this.trapInstret = state.trapInstret;
    this.deviceAccesses = state.deviceAccesses;
    const [pc, cause, value] = state.firstTrap.split(' ').map((digits) => BigInt(`0x${digits || '0'}`));
    this.firstTrap = value === undefined ? undefined : { pc: pc!, cause: cause!, value };
    this.isYieldRequested = state.isYieldRequested;
    this.sets.reset();
    this.selectTranslations();
  }

  #enter(context: HartContext): void {
    this.#clock.follow(context);
    if (this.current !== context) {
      // Translation sets do not know whose memory protection they were filled under.
      if (this.current.pmp.length + context.pmp.length > 0) this.sets.reset();
      this.current = context;
      // Another context may have stored to the reserved place.
      this.dropReservation();
    }
    this.selectTranslations();
  }

  /** Others may have stored to what the current context has reserved. */
  dropReservation(): void {
    this.memory.i64[this.current.quad + HartOffset.reservation / 8] = -1n;
  }

  // ---- slices ----

  /**
   * Runs a context for at most `maxInstructions` (exact), and returns why it stopped: `exitCause` and `exitValue` say more.
   * An interrupt that is due is taken before the first instruction.
   */
  runSlice(context: HartContext, maxInstructions: number): SliceEnd {
    const { group } = this;
    if (group.running) throw new MachineError('a hart cannot be run from inside a run');
    this.#enter(context);
    this.sliceEnd = 'budget';
    this.exitCause = 0;
    this.exitLow = 0;
    this.exitHigh = 0;
    this.leave = false;
    if (!(maxInstructions > 0)) return this.sliceEnd;
    group.running = this;
    group.reference.serve(this);
    try {
      this.#rest = maxInstructions;
      context.i32(HartOffset.budget, 0);
      for (;;) {
        this.attend();
        if (this.leave || this.#budget() <= 0) break;
        group.engine.run(this);
        if (this.leave || this.#budget() + this.#rest <= 0) break;
      }
    } finally {
      group.running = undefined;
    }
    return this.sliceEnd;
  }

  #budget(): number {
    return this.memory.i32[this.current.word + HartOffset.budget / 4]!;
  }

  isAttentionSet(): boolean {
    return this.memory.i32[this.current.word + HartOffset.attention / 4] !== 0;
  }

  /** Makes the engine look at interrupts, timers and stop requests at the next boundary. */
  requestAttention(): void {
    this.current.i32(HartOffset.attention, 1);
  }

  /**
   * At an instruction boundary: takes an interrupt that is due, sees to it that the budget ends at the next timer, and honours
   * stop requests. pc, instret and budget of the context are exact here.
   */
  attend(): void {
    const context = this.current;
    context.i32(HartOffset.attention, 0);
    if (this.group.isStopRequested) {
      this.group.isStopRequested = false;
      this.leaveWith('stop', 0, 0, 0);
      return;
    }
    if (this.isYieldRequested) {
      this.isYieldRequested = false;
      this.leaveWith('budget', 0, 0, 0);
      return;
    }
    const { timers } = this.group;
    if (timers.deadline <= this.now()) timers.ringDue(this.now());
    const due = dueInterrupts(this, context);
    context.i32(HartOffset.statusGuard, due === 0 ? 0 : Mstatus.SIE);
    const cause = chooseInterrupt(context, due);
    if (cause >= 0) takeTrap(this, cause, true, 0, 0);
    const total = this.#budget() + this.#rest;
    const deadline = Math.min(nextDeadline(this, context), timers.deadline);
    const chunk = Math.min(total, this.instructionsUntil(deadline), 0x7fff_ffff);
    context.i32(HartOffset.budget, chunk);
    this.#rest = total === Number.POSITIVE_INFINITY ? total : total - chunk;
  }

  /** Ends the slice at this boundary. `low` and `high` are the halves of the trap value. */
  leaveWith(end: SliceEnd, cause: number, low: number, high: number): void {
    this.leave = true;
    this.sliceEnd = end;
    this.exitCause = cause;
    this.exitLow = low;
    this.exitHigh = high;
  }

  /** Trap value of the slice's end, in [0, 2^64). */
  get exitValue(): bigint {
    return joinHalves(this.exitLow, this.exitHigh);
  }

  /** Ends the running slice, or the next one, with `stop`. */
  requestStop(): void {
    this.group.requestStop();
  }

  /** Ends the running slice with `budget` before it is used up, so that another hart has its turn. */
  requestYield(): void {
    this.isYieldRequested = true;
    this.requestAttention();
  }

  // ---- time ----

  /** Ticks of the clock. */
  now(): number {
    return this.#clock.now();
  }
  /** Instructions that retire before the clock reads `deadline`. */
  instructionsUntil(deadline: number): number {
    return this.#clock.instructionsUntil(deadline);
  }
  /** Lets time pass without running anything. */
  advanceTo(deadline: number): void {
    this.#clock.advanceTo(deadline);
    this.requestAttention();
  }

  /** Drives one bit of mip of a context: MSIP, MEIP or SEIP. */
  setLine(context: HartContext, bit: number, isHigh: boolean): void {
    const lines = isHigh ? context.lines | (1 << bit) : context.lines & ~(1 << bit);
    if (lines === context.lines) return;
    context.lines = lines;
    context.i32(HartOffset.attention, 1);
    const { running } = this.group;
    // It is there to be answered soon: the hart that raised it would only wait.
    if (isHigh && running && running !== this) running.requestYield();
  }

  /** Sets mip.SSIP of a context, which its software clears: an interrupt from another hart. */
  raiseSupervisorSoftware(context: HartContext): void {
    context.setCsrLow(CsrSlot.mip, context.csrLow(CsrSlot.mip) | (1 << InterruptCause.supervisorSoftware));
    context.i32(HartOffset.attention, 1);
    const { running } = this.group;
    if (running && running !== this) running.requestYield();
  }

  /** Virtual time of the machine timer interrupt of a context. */
  machineDeadline(context: HartContext): number {
    return context.isHosted ? Number.POSITIVE_INFINITY : this.#machineDeadline;
  }
  /** The CLINT's mtimecmp changed. */
  setMachineDeadline(deadline: number): void {
    // As far as time goes; firmware writes all ones for never.
    this.#machineDeadline = deadline <= Number.MAX_SAFE_INTEGER ? deadline : Number.POSITIVE_INFINITY;
    this.requestAttention();
  }

  // ---- state that engines share ----

  /** A fault that a slow path or a control operation found: the engine goes on with `takePendingTrap`. */
  noteFault(cause: number, low: number, high: number): void {
    const { i32 } = this.memory;
    const { word } = this.current;
    i32[word + HartOffset.trapCause / 4] = cause;
    i32[word + HartOffset.trapValue / 4] = low;
    i32[word + HartOffset.trapValue / 4 + 1] = high;
  }

  /** Ends the current instruction with an exception: throws GUEST_FAULT. Not for what guests do often: see `noteFault`. */
  raise(cause: number, value: bigint): never {
    const context = this.current;
    context.i32(HartOffset.trapCause, cause);
    this.memory.u64[context.quad + HartOffset.trapValue / 8] = value;
    throw GUEST_FAULT;
  }

  /** Takes the exception noted in the context at the context's pc; where that is DEBUG_STOP, ends the slice. */
  takePendingTrap(): void {
    const { i32 } = this.memory;
    const { word } = this.current;
    const cause = i32[word + HartOffset.trapCause / 4]!;
    if (cause < 0) throw new InternalError('no trap is pending');
    i32[word + HartOffset.trapCause / 4] = -1;
    if (cause === DEBUG_STOP) {
      this.leaveWith('stop', 0, 0, 0);
      return;
    }
    const value = word + HartOffset.trapValue / 4;
    takeTrap(this, cause, false, i32[value]!, i32[value + 1]!);
  }

  /** Carries out a control instruction: see control.ts. */
  control(operation: ControlOperation, decoded: DecodedInstruction): void {
    this.#retiring = 1;
    try {
      operation(this, decoded);
    } finally {
      this.#retiring = 0;
    }
  }

  readX(register: number): bigint {
    return this.memory.u64[this.current.quad + register]!;
  }
  /** Register 0 must not be written. */
  writeX(register: number, value: bigint): void {
    this.memory.u64[this.current.quad + register] = value;
  }
  get nextPc(): bigint {
    return this.reference.nextPc;
  }
  set nextPc(value: bigint) {
    this.reference.nextPc = value;
  }
  /** The same from the halves of the address. */
  setNextPc(low: number, high: number): void {
    this.reference.setNextPc(low, high);
  }

  /** Enters a privilege mode; `isVirtual`: that of a guest. */
  setMode(privilege: PrivilegeLevel, isVirtual: boolean): void {
    const context = this.current;
    context.setPrivilege(privilege, this.#retiring);
    switchWorld(context, isVirtual);
    this.selectTranslations();
    // What was not pending and enabled before is not so now.
    if (this.memory.i32[context.word + HartOffset.statusGuard / 4] !== 0) context.i32(HartOffset.attention, 1);
  }

  /** A CSR changed that decides on translation or interrupts. */
  controlChanged(context: HartContext): void {
    context.i32(HartOffset.attention, 1);
    if (this.current === context) this.selectTranslations();
  }

  /** Chooses the translation sets for the current context's satp, privilege and mstatus. */
  selectTranslations(): void {
    this.#translations.choose(this.current, this.#retiring);
  }
}
