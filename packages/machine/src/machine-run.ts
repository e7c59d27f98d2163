import { ExceptionCause } from '@worldswitch/isa';
import type { Board } from './board/board.ts';
import type { MachineConsole } from './board/machine-console.ts';
import type { PowerRequest } from './devices/syscon-test.ts';
import { MachineError } from './errors.ts';
import { createMachineSbi } from './firmware/machine-sbi.ts';
import { callSbi, sbiCallName } from './firmware/sbi.ts';
import type { SbiPlatform } from './firmware/sbi-call.ts';
import type { Hart } from './hart/hart.ts';
import { type StepResult, stepHart } from './hart/step.ts';
import { DOUBLE_TRAP } from './hart/trap.ts';
import type { HostedVcpu } from './hosted/vcpu.ts';
import type { RunOptions } from './machine-options.ts';
import type { MachineTracer } from './machine-trace.ts';
import { hopelessTrap, type RunEnd, unhandledTrap } from './run-end.ts';
import type { HartSchedule, ScheduledHart } from './schedule/hart-schedule.ts';
import { LAST_DEADLINE } from './schedule/machine-clock.ts';
import { WATCHDOG_RESERVE, Watchdog } from './schedule/watchdog.ts';

/** What a step did, which hart did it, and why the machine cannot be run on, if so. */
export type MachineStep = StepResult & { readonly hart: number; readonly end?: RunEnd };

/** How often `until`, the console's input and a stop request are looked at, in instructions. */
const LOOK_EVERY = 1_048_576;

/**
 * Runs the harts of a machine in their turns: carries out the calls that they make to the built-in firmware, lets time pass while all
 * of them wait, and knows how the machine ended.
 */
export class MachineRun {
  readonly #board: Board;
  readonly #schedule: HartSchedule;
  readonly #console: MachineConsole;
  /** The built-in firmware as each hart calls it. */
  readonly #platforms: readonly SbiPlatform[];
  /** Told of firmware calls; there while somebody listens to traces. */
  tracer: MachineTracer | undefined;
  #watchdog: Watchdog | undefined;
  #power: PowerRequest | undefined;
  #end: RunEnd | undefined;
  /** Instructions until `until` and the console's input are looked at again. */
  #untilLook = 0;
  /** What the ticks may reach that go by while all harts wait. */
  #idleLimit = Number.POSITIVE_INFINITY;
  #isInFirmware = false;

  constructor(board: Board, schedule: HartSchedule, console: MachineConsole) {
    this.#board = board;
    this.#schedule = schedule;
    this.#console = console;
    this.#platforms = board.vcpus.map((_, hart) =>
      createMachineSbi(
        {
          board,
          schedule,
          powerOff: (exitCode) => this.requestPower({ kind: 'poweroff', exitCode }),
          reboot: () => this.requestPower({ kind: 'reset', exitCode: 0 }),
          writeConsole: (byte) => console.transmit(byte),
          readConsole: () => console.readByte(),
        },
        hart,
      ),
    );
  }

  /** How software ended the machine; undefined while it can be run on. */
  get end(): RunEnd | undefined {
    return this.#end;
  }

  set end(end: RunEnd | undefined) {
    this.#end = end;
    this.#power = undefined;
  }

  /** The built-in firmware carries out a call. */
  get isInFirmware(): boolean {
    return this.#isInFirmware;
  }

  requestPower(request: PowerRequest): void {
    this.#power ??= request;
    this.#board.group.requestStop();
  }

  /** See `Machine.run`. Not once it has ended. */
  run(options: RunOptions): RunEnd {
    const { maxInstructions = Number.POSITIVE_INFINITY, maxIdleTicks, until, watchdog } = options;
    const { idled } = this.#board.group.clock;
    this.#idleLimit = maxIdleTicks === undefined ? Number.POSITIVE_INFINITY : idled + maxIdleTicks;
    try {
      if (maxIdleTicks !== undefined && !this.#schedule.next()) this.#passTime();
      return watchdog === undefined ? this.#run(maxInstructions, until) : this.#watch(maxInstructions, until, watchdog);
    } finally {
      this.#idleLimit = Number.POSITIVE_INFINITY;
    }
  }

  /** See `Machine.step`. */
  step(chosen?: ScheduledHart): MachineStep {
    this.#console.recorder?.boundary();
    this.#console.poll();
    const next = this.#schedule.next();
    const { hart, vcpu, state, isWaiting } = chosen ?? next ?? this.#schedule.harts[0]!;
    const isReady = chosen ? state === 'started' && !isWaiting : next !== undefined;
    const isItsTurn = next?.hart === hart;
    if (!isItsTurn && chosen) this.#console.recorder?.wentAstray();
    let result: StepResult = { kind: 'wait', pc: vcpu.pc };
    let end: RunEnd | undefined;
    if (isReady) {
      hart.isYieldRequested = false;
      const before = vcpu.context.instret;
      result = stepHart(hart, vcpu);
      const retired = vcpu.context.instret - before;
      // A step that took a trap is no yield.
      const limit = result.kind === 'retired' ? 1 : retired;
      if (isItsTurn) this.#schedule.ran(retired, limit, result.kind === 'wait' ? 'wait' : 'budget');
      else {
        hart.dropReservation();
        next?.hart.dropReservation();
        if (result.kind === 'wait') this.#schedule.wait(hart.id);
      }
      if (result.kind === 'trap' && result.to === undefined) end = this.#handleTrap(hart, vcpu);
    }
    if (!this.#schedule.next()) end = this.#idle() ?? end;
    end = this.#powerEnd() ?? end;
    this.#console.output.flush();
    return end ? { ...result, hart: hart.id, end } : { ...result, hart: hart.id };
  }

  #powerEnd(): RunEnd | undefined {
    if (this.#power) this.#end = { reason: this.#power.kind, exitCode: this.#power.exitCode };
    return this.#end;
  }

  #watch(maxInstructions: number, until: (() => boolean) | undefined, every: number): RunEnd {
    if (!(every >= 1)) throw new MachineError(`a watchdog that looks every ${every} instructions`);
    this.#watchdog ??= new Watchdog({
      board: this.#board,
      harts: this.#schedule.harts,
      step: () => this.step(),
      nextDeadline: () => Math.min(this.#schedule.nextDeadline(), this.#board.group.timers.deadline),
      outputBytes: () => this.#console.output.total,
    });
    const { clock } = this.#board.group;
    const limit = clock.retired + maxInstructions;
    for (;;) {
      const end = this.#run(Math.min(limit - clock.retired, this.#watchdog.due(every)), until);
      if (end.reason !== 'budget') return end;
      const stuck = limit - clock.retired > WATCHDOG_RESERVE ? this.#watchdog.look(every) : undefined;
      if (stuck) return stuck;
      if (clock.retired >= limit) return end;
    }
  }

  #run(maxInstructions: number, until: (() => boolean) | undefined): RunEnd {
    const schedule = this.#schedule;
    const { group } = this.#board;
    const stopped: RunEnd = { reason: 'until', exitCode: 0 };
    let rest = maxInstructions;
    this.#untilLook = 0;
    while (rest > 0) {
      const due = this.#console.recorder?.boundary() ?? LOOK_EVERY;
      if (this.#console.isReplaying) this.#console.poll();
      if (this.#untilLook <= 0) {
        if (until?.()) return stopped;
        this.#console.poll();
        this.#untilLook = LOOK_EVERY;
      }
      const next = schedule.next();
      if (!next) {
        const end = this.#idle();
        if (end) return end;
        this.#untilLook = 0;
        if (!group.isStopRequested) continue;
        group.isStopRequested = false;
        return stopped;
      }
      const { hart, vcpu } = next;
      const before = vcpu.context.instret;
      const limit = Math.min(rest, schedule.left, LOOK_EVERY, due);
      const end = hart.runSlice(vcpu.context, limit);
      const retired = vcpu.context.instret - before;
      rest -= retired;
      this.#untilLook -= retired;
      schedule.ran(retired, limit, end);
      const outcome =
        this.#powerEnd() ?? (end === 'trap' ? this.#handleTrap(hart, vcpu) : undefined) ?? this.#powerEnd();
      if (outcome) return outcome;
      if (end === 'stop') return stopped;
    }
    return until?.() ? stopped : { reason: 'budget', exitCode: 0 };
  }

  #handleTrap(hart: Hart, vcpu: HostedVcpu): RunEnd | undefined {
    if (hart.exitCause === DOUBLE_TRAP) return hopelessTrap(hart);
    if (hart.exitCause !== ExceptionCause.environmentCallFromSupervisor) return unhandledTrap(hart);
    const name = this.tracer && sbiCallName(vcpu);
    if (name) this.tracer?.firmwareCall(name, vcpu.pc);
    vcpu.pc += 4n;
    this.#isInFirmware = true;
    callSbi(this.#platforms[hart.id]!, vcpu);
    this.#isInFirmware = false;
    if (name && !this.#power) this.tracer?.firmwareReturn(name);
    return undefined;
  }

  /** No hart can run: lets time pass to the next timer; without one only input helps. */
  #idle(): RunEnd | undefined {
    this.#console.output.flush();
    this.#console.poll();
    return this.#schedule.next() ? undefined : this.#passTime();
  }

  #passTime(): RunEnd | undefined {
    const { clock, timers } = this.#board.group;
    const now = clock.now();
    const deadline = this.#schedule.nextDeadline();
    const timer = deadline <= LAST_DEADLINE ? deadline : Number.POSITIVE_INFINITY;
    const awaited = this.#console.recorder?.nextArrival ?? 0;
    const event = Math.min(timer, awaited > now ? awaited : Number.POSITIVE_INFINITY);
    const time = Math.min(event, now + Math.max(0, this.#idleLimit - clock.idled));
    if (Number.isFinite(time)) {
      clock.advanceTo(time);
      timers.ringDue(clock.now());
      this.#board.group.requestAttention();
      if (time === event) return undefined;
    }
    if (timer < Number.POSITIVE_INFINITY) return { reason: 'waiting', exitCode: 0, idleTicks: timer - time };
    return { reason: 'idle', exitCode: 0, message: 'it waits for an interrupt, and no timer is set' };
  }
}
