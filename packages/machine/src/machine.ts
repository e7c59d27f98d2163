import type { HostConsole, TlbModel, TraceSink, VcpuCounters } from '@worldswitch/contracts';
import { ExceptionCause, type InstructionSet } from '@worldswitch/isa';
import { type Board, createBoard } from './board/board.ts';
import { startBoard } from './board/board-start.ts';
import { MachineConsole } from './board/machine-console.ts';
import type { PowerRequest } from './devices/syscon-test.ts';
import { type BlockBackend, createMemoryBackend, createVirtioBlock } from './devices/virtio-block.ts';
import type { VirtioDevice } from './devices/virtio-mmio.ts';
import { createEngine, DEFAULT_ENGINE, type EngineName } from './engine/create-engine.ts';
import { MachineError } from './errors.ts';
import { createMachineSbi } from './firmware/machine-sbi.ts';
import { callSbi, sbiCallName } from './firmware/sbi.ts';
import type { SbiPlatform } from './firmware/sbi-call.ts';
import type { ControlOperation } from './hart/control.ts';
import type { Hart } from './hart/hart.ts';
import { type StepResult, stepHart } from './hart/step.ts';
import { DOUBLE_TRAP } from './hart/trap.ts';
import type { HostedVcpu } from './hosted/vcpu.ts';
import { type MachineEvents, type MachineListener, MachineListeners } from './machine-events.ts';
import { inspectBoard, sumCounters, trapCounts } from './machine-state.ts';
import { type MachineStatistics, machineStatistics } from './machine-statistics.ts';
import { MachineTracer } from './machine-trace.ts';
import { hopelessTrap, type RunEnd, unhandledTrap } from './run-end.ts';
import { HartSchedule, type ScheduledHart } from './schedule/hart-schedule.ts';
import { LAST_DEADLINE } from './schedule/machine-clock.ts';
import { WATCHDOG_RESERVE, Watchdog } from './schedule/watchdog.ts';
import type { MachineRecorder } from './snapshot/recorder.ts';
import { readSnapshots, restoreSnapshot, type SnapshotCuts, saveSnapshot } from './snapshot/snapshot.ts';
import type { MachineParts } from './snapshot/whole-state.ts';

export interface MachineOptions {
  /** RAM in bytes: a multiple of 64 KiB, at most 3 GiB. */
  readonly memoryBytes: number;
  /** ELF, Linux Image or raw code, started in supervisor mode: by the built-in SBI, or by `firmware`. */
  readonly kernel?: Uint8Array;
  /** ELF or raw code at the start of RAM, started in machine mode. Without it the SBI is built in. */
  readonly firmware?: Uint8Array;
  readonly initrd?: Uint8Array;
  /** Kernel command line. */
  readonly bootArguments?: string;
  /** A disk for virtio-mmio slot 0: its contents, or something that holds them. */
  readonly disk?: Uint8Array | BlockBackend;
  /** More virtio devices, for the slots after the disk; undefined leaves a slot empty. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  /** Default `compiled`. */
  readonly engine?: EngineName;
  /** Milliseconds, for `statistics` only: without it they say nothing about time. Reading it often costs a little. */
  readonly statisticsClock?: () => number;
  /** 1 to 8, default 1. */
  readonly harts?: number;
  /** Supervisor software interrupts by an ACLINT SSWI device, as QEMU's `aclint=on`. Default false. */
  readonly aclint?: boolean;
  /** Time of day that the real-time clock begins with: milliseconds since 1970-01-01 UTC. Default: 2026-01-01. */
  readonly startTime?: number;
  /**
   * Nanoseconds of virtual time that an instruction takes while one hart runs: whole ones, 1 to 1024, default 1. Harts that run
   * side by side share the time. Software that waits by counting gets on sooner with more: QEMU's `-icount shift=N` is 2^N.
   */
  readonly instructionTime?: number;
  /** Model of the hart's TLB, or what makes one for each hart. Default: 1024 sets of 4 ways, first in first out. */
  readonly tlb?: TlbModel | ((hart: number) => TlbModel);
  /** Where the UART is connected to. Default: output is dropped, nothing is typed. */
  readonly console?: HostConsole;
  readonly trace?: TraceSink;
  /** Name that trace events carry. Default `bare`. */
  readonly world?: string;
  readonly instructionSet?: InstructionSet;
  /** Control operations of added instruction-set extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

/** What a snapshot does not hold: how the machine runs, and what it is connected to. */
export type RestoreOptions = Omit<
  MachineOptions,
  'memoryBytes' | 'harts' | 'instructionTime' | 'kernel' | 'firmware' | 'initrd' | 'bootArguments'
>;

export interface RunOptions {
  /** Exact; the instructions of all harts count. Default: no limit. */
  readonly maxInstructions?: number;
  /** Asked about every million instructions and whenever the machine idles. */
  readonly until?: () => boolean;
  /**
   * Ticks of 100 ns that may go by while all harts wait. When they have, and the harts still wait, the run ends with `waiting`, or
   * with `idle` when no timer is set. Whoever hands out no more than have gone by on the wall makes an idle machine wait as a real
   * one does. Default: no limit, time passes at once to the next timer.
   */
  readonly maxIdleTicks?: number;
  /**
   * Looks every so many instructions whether the machine repeats itself for ever: registers and memory as they were, no device
   * accessed, no interrupt to come. Then the run ends with `stuck`. Machines that compute, poll the time or wait are left
   * alone. Default: no looking.
   */
  readonly watchdog?: number;
}

/** What a step did, which hart did it, and why the machine cannot be run on, if so. */
export type MachineStep = StepResult & { readonly hart: number; readonly end?: RunEnd };

/** How often `until`, the console's input and a stop request are looked at, in instructions. */
const LOOK_EVERY = 1_048_576;

/**
 * A whole computer: QEMU's `virt` board with 1 to 8 harts. Everything it does follows from its options and its input: two machines
 * made alike run alike, instruction for instruction, with either engine.
 */
export class Machine {
  readonly board: Board;
  readonly #console: MachineConsole;
  readonly #schedule: HartSchedule;
  #watchdog: Watchdog | undefined;
  /** The built-in firmware as each hart calls it. */
  readonly #platforms: readonly SbiPlatform[];
  readonly #listeners = new MachineListeners();
  /** There while somebody listens to traces. */
  #tracer: MachineTracer | undefined;
  readonly #world: string;
  #power: PowerRequest | undefined;
  #isDisposed = false;
  /** Instructions until `until` and the console's input are looked at again. */
  #untilLook = 0;
  /** What `idleTicks` may reach. */
  #idleLimit = Number.POSITIVE_INFINITY;
  #end: RunEnd | undefined;
  #initrd: { readonly start: number; readonly end: number } | undefined;
  /** The built-in firmware carries out a call. */
  #isInFirmware = false;
  readonly #parts: MachineParts;
  readonly #cuts: SnapshotCuts = new Map();

  /** Throws LoadError for a kernel, firmware or initrd that cannot be loaded, MachineError for other options. */
  static create(options: MachineOptions): Machine {
    if (!options.kernel && !options.firmware) throw new MachineError('a machine needs a kernel or a firmware to run');
    const machine = new Machine(options);
    machine.#initrd = startBoard(machine.board, options);
    // Software of one's own finds all harts running; the built-in firmware keeps them for the kernel to start.
    if (!options.firmware) for (const { hart } of machine.harts.slice(1)) machine.#schedule.stop(hart.id);
    return machine;
  }

  /**
   * The machine that was saved, going on exactly as that one did; with either engine. Disks and devices of the same kinds and sizes
   * must be handed in again, their contents as they were.
   * @param snapshot what `save` gave; or a full one and the incremental ones after it, in order.
   * Throws SnapshotError for damage, a broken chain and options that make another machine; MachineError for impossible options.
   */
  static restore(snapshot: Uint8Array | readonly Uint8Array[], options: RestoreOptions = {}): Machine {
    const chain = readSnapshots(snapshot);
    const { memoryBytes, harts } = chain.at(-1)!.header.board;
    const machine = new Machine({ ...options, memoryBytes, harts });
    try {
      restoreSnapshot(machine.#parts, chain, machine.#cuts);
      return machine;
    } catch (error) {
      machine.dispose();
      throw error;
    }
  }

  private constructor(options: MachineOptions) {
    this.#world = options.world ?? 'bare';
    this.#console = new MachineConsole(options.console, (bytes) => this.#listeners.emit('output', bytes));
    const { disk, tlb, harts, instructionSet, controls } = options;
    if (tlb && typeof tlb !== 'function' && harts !== undefined && harts > 1) {
      throw new MachineError('each hart has a TLB of its own: hand in a function that makes the models');
    }
    const virtio = [...(options.virtio ?? [])];
    if (disk) virtio.unshift(createVirtioBlock(disk instanceof Uint8Array ? createMemoryBackend(disk) : disk));
    this.board = createBoard({
      memoryBytes: options.memoryBytes,
      transmit: (byte) => this.#console.transmit(byte),
      recorder: () => this.#console.recorder,
      power: (request) => this.#requestPower(request),
      virtio,
      ...(harts !== undefined && { harts }),
      ...(options.aclint !== undefined && { aclint: options.aclint }),
      ...(options.startTime !== undefined && { startTime: options.startTime }),
      ...(tlb && { createTlb: typeof tlb === 'function' ? tlb : () => tlb }),
      ...(instructionSet && { instructionSet }),
      ...(controls && { controls }),
    });
    const { group, vcpus } = this.board;
    if (options.instructionTime !== undefined) group.clock.setInstructionTime(options.instructionTime);
    group.engine = createEngine(options.engine ?? DEFAULT_ENGINE, group, options.statisticsClock);
    this.#schedule = new HartSchedule(vcpus);
    this.#platforms = vcpus.map((_, hart) =>
      createMachineSbi(
        {
          board: this.board,
          schedule: this.#schedule,
          powerOff: (exitCode) => this.#requestPower({ kind: 'poweroff', exitCode }),
          reboot: () => this.#requestPower({ kind: 'reset', exitCode: 0 }),
          writeConsole: (byte) => this.#console.transmit(byte),
          readConsole: () => this.#console.readByte(),
        },
        hart,
      ),
    );
    const { trace } = options;
    if (trace) this.on('trace', (event) => trace.emit(event));
    this.#console.connect(this.board.uart);
    const machine = this;
    this.#parts = {
      board: this.board,
      schedule: this.#schedule,
      output: this.#console.output,
      get end() {
        return machine.#end;
      },
      set end(end) {
        machine.#end = end;
        machine.#power = undefined;
      },
    };
  }

  /** The harts in their order, with their register contexts and what they do. */
  get harts(): readonly ScheduledHart[] {
    return this.#schedule.harts;
  }

  /** The first hart. */
  get hart(): Hart {
    return this.board.hart;
  }

  /** Where in RAM the initial RAM disk was put; undefined without one, and for a machine that was restored. */
  get initrd(): { readonly start: number; readonly end: number } | undefined {
    return this.#initrd;
  }

  /** Instructions and TLB traffic of all harts so far; one hart's are at `harts[n].vcpu.counters`. */
  get counters(): VcpuCounters {
    return sumCounters(this.board.vcpus.map(({ counters }) => counters));
  }

  /** What ran how, and what it cost. */
  get statistics(): MachineStatistics {
    return machineStatistics(this);
  }

  /** Ticks of 100 ns that went by while all harts waited, since this object was made. */
  get idleTicks(): number {
    return this.board.group.clock.idled;
  }

  /** Traps taken so far by cause name; a call of the built-in SBI is one. */
  get traps(): Readonly<Record<string, number>> {
    return this.trapsOf();
  }

  /** The same of one hart, or of all. */
  trapsOf(hart?: number): Readonly<Record<string, number>> {
    const { vcpus } = this.board;
    return trapCounts((hart === undefined ? vcpus : [this.#scheduled(hart).vcpu]).map(({ context }) => context));
  }

  #scheduled(hart: number): ScheduledHart {
    const scheduled = this.harts[hart];
    if (!scheduled) throw new MachineError(`there is no hart ${hart}; there are ${this.harts.length}`);
    return scheduled;
  }

  /** Bytes that left the UART. */
  get outputBytes(): number {
    return this.#console.output.total;
  }

  /**
   * Calls `listener` at each event of that name, in the order of what happens, until the function that is returned is called.
   * What happens again, because a timeline went back, is not told again. Listeners must not run the machine; they may stop it.
   */
  on<Name extends keyof MachineEvents>(name: Name, listener: MachineListener<Name>): () => void {
    this.#listeners.add(name, listener);
    if (name === 'trace') this.#listenToTraces();
    return () => {
      this.#listeners.delete(name, listener);
      if (name === 'trace' && !this.#listeners.has('trace')) this.#ignoreTraces();
    };
  }

  #listenToTraces(): void {
    if (this.#tracer) return;
    const { group } = this.board;
    const sink = this.#console.present({ emit: (event) => this.#listeners.emit('trace', event) });
    this.#tracer = new MachineTracer(group.clock, sink, this.#world);
    for (const hart of group.harts) hart.observer ??= this.#tracer;
  }

  #ignoreTraces(): void {
    for (const hart of this.board.group.harts) if (hart.observer === this.#tracer) hart.observer = undefined;
    this.#tracer = undefined;
  }

  /** Types on the console. */
  input(bytes: Uint8Array): void {
    this.#console.arrive(this.board.group.running || this.#isInFirmware ? 'output' : 'poll', bytes);
  }

  /** Ends a `run` that is under way, from a device or a console; the machine can be run on. */
  stop(): void {
    this.board.group.requestStop();
  }

  /** Runs until software switches it off, or until one of the options says so. */
  run(options: RunOptions = {}): RunEnd {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    if (this.#end) return this.#end;
    try {
      const { maxInstructions = Number.POSITIVE_INFINITY, maxIdleTicks, until, watchdog } = options;
      this.#idleLimit = maxIdleTicks === undefined ? Number.POSITIVE_INFINITY : this.idleTicks + maxIdleTicks;
      if (maxIdleTicks !== undefined && !this.#schedule.next()) this.#passTime();
      const end =
        watchdog === undefined ? this.#run(maxInstructions, until) : this.#watch(maxInstructions, until, watchdog);
      this.#console.output.flush();
      this.#listeners.emit('stopped', end);
      return end;
    } finally {
      this.#idleLimit = Number.POSITIVE_INFINITY;
      this.#console.output.flush();
    }
  }

  /**
   * One instruction, one trap or one interrupt of the hart whose turn it is, and what it was. Calls of the built-in SBI are carried
   * out, and while all harts wait, time passes to the next timer. `end` is there when the machine cannot be run on, as `run` would
   * say it. Steps without `hartId` do what `run` does; with it, that hart runs out of turn, or says `wait` when it cannot.
   */
  step(hartId?: number): MachineStep {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    const chosen = hartId === undefined ? undefined : this.#scheduled(hartId);
    this.#console.recorder?.boundary();
    this.#console.poll();
    const next = this.#schedule.next();
    const { hart, vcpu, state, isWaiting } = chosen ?? next ?? this.harts[0]!;
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
      board: this.board,
      harts: this.harts,
      step: () => this.step(),
      nextDeadline: () => Math.min(this.#schedule.nextDeadline(), this.board.group.timers.deadline),
      outputBytes: () => this.outputBytes,
    });
    const { clock } = this.board.group;
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
    const { group } = this.board;
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
    const name = this.#tracer && sbiCallName(vcpu);
    if (name) this.#tracer?.firmwareCall(name, vcpu.pc);
    vcpu.pc += 4n;
    this.#isInFirmware = true;
    callSbi(this.#platforms[hart.id]!, vcpu);
    this.#isInFirmware = false;
    if (name && !this.#power) this.#tracer?.firmwareReturn(name);
    return undefined;
  }

  /** No hart can run: lets time pass to the next timer; without one only input helps. */
  #idle(): RunEnd | undefined {
    this.#console.output.flush();
    this.#console.poll();
    return this.#schedule.next() ? undefined : this.#passTime();
  }

  #passTime(): RunEnd | undefined {
    const { clock, timers } = this.board.group;
    const now = clock.now();
    const deadline = this.#schedule.nextDeadline();
    const timer = deadline <= LAST_DEADLINE ? deadline : Number.POSITIVE_INFINITY;
    const awaited = this.#console.recorder?.nextArrival ?? 0;
    const event = Math.min(timer, awaited > now ? awaited : Number.POSITIVE_INFINITY);
    const time = Math.min(event, now + Math.max(0, this.#idleLimit - clock.idled));
    if (Number.isFinite(time)) {
      clock.advanceTo(time);
      timers.ringDue(clock.now());
      this.board.group.requestAttention();
      if (time === event) return undefined;
    }
    if (timer < Number.POSITIVE_INFINITY) return { reason: 'waiting', exitCode: 0, idleTicks: timer - time };
    return { reason: 'idle', exitCode: 0, message: 'it waits for an interrupt, and no timer is set' };
  }

  #requestPower(request: PowerRequest): void {
    this.#power ??= request;
    this.board.group.requestStop();
  }

  /**
   * All of the machine but what its disks hold, between two runs: for `Machine.restore`.
   * @param options.since a snapshot that this machine made or was restored from: the new one holds only what changed since, and is
   * restored together with it.
   * Throws SnapshotError while the machine runs, while it lends its harts to a host, and for a device that cannot be saved.
   */
  save(options: { readonly since?: Uint8Array } = {}): Uint8Array {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    return saveSnapshot(this.#parts, this.#cuts, options.since);
  }

  /** For timelines: connects what records or repeats the run, at most one at a time, and hands out the machine's parts. */
  attachRecorder(recorder: MachineRecorder | undefined): MachineParts {
    if (recorder && this.#isDisposed) throw new MachineError('the machine was disposed of');
    if (recorder && this.#console.recorder) throw new MachineError('this machine has a timeline already');
    this.#console.recorder = recorder;
    return this.#parts;
  }

  /** State for people: registers by name, CSRs, devices. */
  inspect(): Readonly<Record<string, unknown>> {
    return inspectBoard(this.board, this.harts);
  }

  /** Gives up the machine; it cannot be run any more. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.board.dispose();
  }
}
