import type { VcpuCounters } from '@worldswitch/contracts';
import { type Board, createBoard } from './board/board.ts';
import { startBoard } from './board/board-start.ts';
import { MachineConsole } from './board/machine-console.ts';
import { createMemoryBackend, createVirtioBlock } from './devices/virtio-block.ts';
import { createEngine, DEFAULT_ENGINE } from './engine/create-engine.ts';
import { MachineError } from './errors.ts';
import type { Hart } from './hart/hart.ts';
import { type MachineEvents, type MachineListener, MachineListeners } from './machine-events.ts';
import { requireOptions, requireTlb } from './machine-option-check.ts';
import type { MachineOptions, RestoreOptions, RunOptions } from './machine-options.ts';
import { MachineRun, type MachineStep } from './machine-run.ts';
import { inspectBoard, sumCounters, trapCounts } from './machine-state.ts';
import { type MachineStatistics, machineStatistics } from './machine-statistics.ts';
import { MachineTracer } from './machine-trace.ts';
import type { RunEnd } from './run-end.ts';
import { HartSchedule, type ScheduledHart } from './schedule/hart-schedule.ts';
import type { MachineRecorder } from './snapshot/recorder.ts';
import { readSnapshots, restoreSnapshot, type SnapshotCuts, saveSnapshot } from './snapshot/snapshot.ts';
import type { MachineParts } from './snapshot/whole-state.ts';

/**
 * A whole computer: QEMU's `virt` board with 1 to 8 harts. Everything it does follows from its options and its input: two machines
 * made alike run alike, instruction for instruction, with either engine.
 */
export class Machine {
  readonly board: Board;
  readonly #console: MachineConsole;
  readonly #schedule: HartSchedule;
  readonly #run: MachineRun;
  readonly #listeners = new MachineListeners();
  readonly #world: string;
  #isDisposed = false;
  #initrd: { readonly start: number; readonly end: number } | undefined;
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
    requireOptions(options);
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
      power: (request) => this.#run.requestPower(request),
      virtio,
      ...(options.devices && { devices: options.devices }),
      ...(harts !== undefined && { harts }),
      ...(options.aclint !== undefined && { aclint: options.aclint }),
      ...(options.startTime !== undefined && { startTime: options.startTime }),
      ...(tlb && { createTlb: typeof tlb === 'function' ? (hart: number) => requireTlb(tlb(hart)) : () => tlb }),
      ...(instructionSet && { instructionSet }),
      ...(controls && { controls }),
    });
    const { group, vcpus } = this.board;
    if (options.instructionTime !== undefined) group.clock.setInstructionTime(options.instructionTime);
    group.engine = createEngine(options.engine ?? DEFAULT_ENGINE, group, options.statisticsClock);
    this.#schedule = new HartSchedule(vcpus);
    this.#run = new MachineRun(this.board, this.#schedule, this.#console);
    const { trace } = options;
    if (trace) this.on('trace', (event) => trace.emit(event));
    this.#console.connect(this.board.uart);
    const run = this.#run;
    this.#parts = {
      board: this.board,
      schedule: this.#schedule,
      output: this.#console.output,
      get end() {
        return run.end;
      },
      set end(end) {
        run.end = end;
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
    if (this.#run.tracer) return;
    const { group } = this.board;
    const sink = this.#console.present({ emit: (event) => this.#listeners.emit('trace', event) });
    this.#run.tracer = new MachineTracer(group.clock, sink, this.#world);
    for (const hart of group.harts) hart.observer ??= this.#run.tracer;
  }

  #ignoreTraces(): void {
    for (const hart of this.board.group.harts) if (hart.observer === this.#run.tracer) hart.observer = undefined;
    this.#run.tracer = undefined;
  }

  /** Types on the console. */
  input(bytes: Uint8Array): void {
    this.#console.arrive(this.board.group.running || this.#run.isInFirmware ? 'output' : 'poll', bytes);
  }

  /** Ends a `run` that is under way, from a device or a console; the machine can be run on. */
  stop(): void {
    this.board.group.requestStop();
  }

  /** Runs until software switches it off, or until one of the options says so. */
  run(options: RunOptions = {}): RunEnd {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    if (this.#run.end) return this.#run.end;
    try {
      const end = this.#run.run(options);
      this.#console.output.flush();
      this.#listeners.emit('stopped', end);
      return end;
    } finally {
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
    return this.#run.step(hartId === undefined ? undefined : this.#scheduled(hartId));
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
