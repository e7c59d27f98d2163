import type { HostConsole, TlbModel, TraceSink, VcpuCounters } from '@worldswitch/contracts';
import { type InstructionSet, Privilege, trapCauseName } from '@worldswitch/isa';
import { type Board, createBoard } from './board.ts';
import { boardDeviceTree } from './board-device-tree.ts';
import { ConsoleBuffer } from './console-buffer.ts';
import type { ControlOperation } from './control.ts';
import type { PowerRequest } from './devices/syscon-test.ts';
import { type BlockBackend, createMemoryBackend, createVirtioBlock } from './devices/virtio-block.ts';
import type { VirtioDevice } from './devices/virtio-mmio.ts';
import { createEngine, DEFAULT_ENGINE, type EngineName } from './engine/create-engine.ts';
import { MachineError } from './errors.ts';
import { callSbi, sbiCallName } from './firmware/sbi.ts';
import type { SbiPlatform } from './firmware/sbi-call.ts';
import { startWithFirmware, startWithSbi } from './firmware/start.ts';
import type { Hart } from './hart.ts';
import { CsrSlot } from './hart-context.ts';
import { nextDeadline, pendingInterrupts } from './interrupts.ts';
import { loadImage } from './load/image.ts';
import { placeInitrd } from './load/initrd.ts';
import { MachineTracer } from './machine-trace.ts';
import { memoryMap } from './memory-map.ts';
import { type StepResult, stepHart } from './step.ts';
import { DOUBLE_TRAP } from './trap.ts';

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
  /** Default: 64 sets of 4 ways, first in first out. */
  readonly tlb?: TlbModel;
  /** Where the UART is connected to. Default: output is dropped, nothing is typed. */
  readonly console?: HostConsole;
  readonly trace?: TraceSink;
  /** Name that trace events carry. Default `bare`. */
  readonly world?: string;
  readonly instructionSet?: InstructionSet;
  /** Control operations of added instruction-set extensions. */
  readonly controls?: Readonly<Record<string, ControlOperation>>;
}

export interface RunOptions {
  /** Exact. Default: no limit. */
  readonly maxInstructions?: number;
  /** Asked about every 65,536 instructions and whenever the machine idles. */
  readonly until?: () => boolean;
}

export interface RunEnd {
  /**
   * `poweroff` and `reset`: software asked for it. `budget`: maxInstructions have retired. `until`: the condition held, or `stop` was called.
   * `idle`: it waits for an interrupt that only input can bring. `stuck`: it cannot go on, `message` says why.
   */
  readonly reason: 'poweroff' | 'reset' | 'budget' | 'until' | 'idle' | 'stuck';
  /** As software gave it with poweroff; else 0. */
  readonly exitCode: number;
  readonly message?: string;
}

/** How often `until`, the console's input and a stop request are looked at, in instructions. */
const LOOK_EVERY = 1_048_576;
const INPUT_CHUNK = 256;

const hex = (value: bigint | number) => `0x${value.toString(16)}`;

/**
 * A whole computer: QEMU's `virt` board with one hart. Everything it does follows from its options and its input: two machines
 * made alike run alike, instruction for instruction, with either engine.
 */
export class Machine {
  readonly board: Board;
  readonly #output: ConsoleBuffer;
  readonly #console: HostConsole | undefined;
  readonly #platform: SbiPlatform;
  readonly #tracer: MachineTracer | undefined;
  #power: PowerRequest | undefined;
  #isDisposed = false;
  #end: RunEnd | undefined;

  /** Throws LoadError for a kernel, firmware or initrd that cannot be loaded, MachineError for other options. */
  static create(options: MachineOptions): Machine {
    return new Machine(options);
  }

  private constructor(options: MachineOptions) {
    if (!options.kernel && !options.firmware) throw new MachineError('a machine needs a kernel or a firmware to run');
    this.#console = options.console;
    this.#output = new ConsoleBuffer((bytes) => options.console?.write(bytes));
    const { disk, tlb, instructionSet, controls } = options;
    const virtio = [...(options.virtio ?? [])];
    if (disk) virtio.unshift(createVirtioBlock(disk instanceof Uint8Array ? createMemoryBackend(disk) : disk));
    this.board = createBoard({
      memoryBytes: options.memoryBytes,
      transmit: (byte) => this.#output.put(byte),
      power: (request) => this.#requestPower(request),
      virtio,
      ...(tlb && { tlb }),
      ...(instructionSet && { instructionSet }),
      ...(controls && { controls }),
    });
    const { hart } = this.board;
    hart.engine = createEngine(options.engine ?? DEFAULT_ENGINE, hart);
    this.#platform = this.#createPlatform();
    if (options.trace) {
      this.#tracer = new MachineTracer(hart, options.trace, options.world ?? 'bare');
      hart.observer = this.#tracer;
    }
    this.#load(options);
  }

  #load(options: MachineOptions): void {
    const { ram, hart, vcpu } = this.board;
    const firmware = options.firmware && loadImage(ram, options.firmware, 'the firmware', 0);
    const kernel = options.kernel && loadImage(ram, options.kernel, 'the kernel');
    const description = {
      memoryBytes: ram.size,
      extensions: hart.instructionSet.extensions.map((extension) => extension.name),
      ...(options.bootArguments !== undefined && { bootArguments: options.bootArguments }),
    };
    const room = boardDeviceTree({ ...description, initrd: { start: 0, end: 0 } }).length;
    const end = Math.max(kernel?.end ?? 0, firmware?.end ?? 0);
    // One page more than the tree holds what fw_dynamic reads.
    const { initrd, treeLimit } = placeInitrd(ram, options.initrd, end, room + 4096);
    const tree = boardDeviceTree({ ...description, ...(initrd && { initrd }) });
    ram.write(treeLimit, tree);
    const deviceTree = treeLimit;
    if (firmware) startWithFirmware(vcpu, ram, firmware.entry, deviceTree, ram.base + ram.size - 4096, kernel?.entry);
    else if (kernel) startWithSbi(vcpu, kernel.entry, deviceTree);
  }

  get hart(): Hart {
    return this.board.hart;
  }

  /** Instructions and TLB traffic so far. */
  get counters(): VcpuCounters {
    return this.board.vcpu.counters;
  }

  /** Traps taken so far by cause name; a call of the built-in SBI is one. */
  get traps(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    this.board.vcpu.context.traps.forEach((count, index) => {
      if (count > 0) counts[trapCauseName(index & 63, index >= 64)] = count;
    });
    return counts;
  }

  /** Bytes that left the UART. */
  get outputBytes(): number {
    return this.#output.total;
  }

  /** Types on the console. */
  input(bytes: Uint8Array): void {
    this.board.uart.receive(bytes);
  }

  /** Ends a `run` that is under way, from a device or a console; the machine can be run on. */
  stop(): void {
    this.hart.requestStop();
  }

  /** Runs until software switches it off, or until one of the options says so. */
  run(options: RunOptions = {}): RunEnd {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    if (this.#end) return this.#end;
    try {
      return this.#run(options.maxInstructions ?? Number.POSITIVE_INFINITY, options.until);
    } finally {
      this.#output.flush();
    }
  }

  /**
   * One instruction, one trap or one interrupt, and what it was. Calls of the built-in SBI are carried out, and a wait for an
   * interrupt lets time pass to the next timer. `end` is there when the machine cannot be run on, as `run` would say it.
   */
  step(): StepResult & { readonly end?: RunEnd } {
    if (this.#isDisposed) throw new MachineError('the machine was disposed of');
    const { hart } = this;
    const { vcpu } = this.board;
    this.#pollInput();
    const result = stepHart(hart, vcpu);
    let end: RunEnd | undefined;
    if (result.kind === 'trap' && result.to === undefined) end = this.#handleTrap();
    else if (result.kind === 'wait') end = this.#idle();
    end = this.#powerEnd() ?? end;
    this.#output.flush();
    return end ? { ...result, end } : result;
  }

  #powerEnd(): RunEnd | undefined {
    if (this.#power) this.#end = { reason: this.#power.kind, exitCode: this.#power.exitCode };
    return this.#end;
  }

  #run(maxInstructions: number, until: (() => boolean) | undefined): RunEnd {
    const { vcpu } = this.board;
    let rest = maxInstructions;
    while (rest > 0) {
      if (until?.()) return { reason: 'until', exitCode: 0 };
      this.#pollInput();
      const before = vcpu.context.instret;
      const slice = Math.min(rest, LOOK_EVERY);
      const end = this.hart.runSlice(vcpu.context, slice);
      rest -= vcpu.context.instret - before;
      let outcome: RunEnd | undefined;
      if (end === 'trap') outcome = this.#handleTrap();
      else if (end === 'wait') outcome = this.#idle();
      outcome = this.#powerEnd() ?? outcome;
      if (outcome) return outcome;
      if (end === 'stop') return { reason: 'until', exitCode: 0 };
    }
    return until?.() ? { reason: 'until', exitCode: 0 } : { reason: 'budget', exitCode: 0 };
  }

  #handleTrap(): RunEnd | undefined {
    const { hart } = this;
    const { vcpu } = this.board;
    if (hart.exitCause === DOUBLE_TRAP) return this.#stuck();
    if (hart.exitCause !== 9) {
      const message = `no one handles ${trapCauseName(hart.exitCause)} (cause ${hex(hart.exitCause)}) at pc ${hex(vcpu.pc)}`;
      return { reason: 'stuck', exitCode: 0, message };
    }
    const name = this.#tracer && sbiCallName(vcpu);
    if (name) this.#tracer?.firmwareCall(name, vcpu.pc);
    vcpu.pc += 4n;
    callSbi(this.#platform, vcpu);
    if (name && !this.#power) this.#tracer?.firmwareReturn(name);
    return undefined;
  }

  /** A trap handler trapped at its first instruction: says what happened first. */
  #stuck(): RunEnd {
    const { firstTrap, exitValue, current } = this.hart;
    const handler = current.csr(current.privilege === Privilege.machine ? CsrSlot.mtvec : CsrSlot.stvec);
    const first = firstTrap ?? { pc: current.pc, cause: 0n, value: exitValue };
    const name = trapCauseName(Number(first.cause & 63n), first.cause >= 1n << 63n);
    const what = current.privilege === Privilege.machine ? 'machine-mode software' : 'the kernel';
    return {
      reason: 'stuck',
      exitCode: 0,
      message: `${what} cannot go on: ${name} (cause ${hex(first.cause)}) at pc ${hex(first.pc)}, value ${hex(first.value)}, and its trap handler at ${hex(handler & ~3n)} traps at its first instruction`,
    };
  }

  /** WFI: lets time pass to the next timer; without one only input helps. */
  #idle(): RunEnd | undefined {
    const { hart } = this;
    const { context } = this.board.vcpu;
    this.#output.flush();
    this.#pollInput();
    if ((pendingInterrupts(hart, context) & context.csrLow(CsrSlot.mie)) !== 0) return undefined;
    const deadline = nextDeadline(hart, context);
    if (deadline < Number.MAX_SAFE_INTEGER) {
      hart.advanceTo(deadline);
      return undefined;
    }
    return { reason: 'idle', exitCode: 0, message: 'it waits for an interrupt, and no timer is set' };
  }

  #pollInput(): void {
    const { uart } = this.board;
    if (!this.#console || uart.pendingInput >= INPUT_CHUNK) return;
    const bytes = this.#console.read(INPUT_CHUNK);
    if (bytes.length > 0) uart.receive(bytes);
  }

  #requestPower(request: PowerRequest): void {
    this.#power ??= request;
    this.hart.requestStop();
  }

  #createPlatform(): SbiPlatform {
    const { hart, vcpu, ram, uart } = this.board;
    const { context } = vcpu;
    const contains = (address: bigint, length: number) => address < 2n ** 53n && ram.contains(Number(address), length);
    const setSoftwareInterrupt = (isHigh: boolean) => {
      const bits = context.csrLow(CsrSlot.mip);
      context.setCsrLow(CsrSlot.mip, isHigh ? bits | 2 : bits & ~2);
      hart.controlChanged(context);
    };
    return {
      hartId: hart.id,
      setTimer(deadline) {
        context.supervisorDeadline = deadline;
        hart.controlChanged(context);
      },
      raiseSoftwareInterrupt: () => setSoftwareInterrupt(true),
      clearSoftwareInterrupt: () => setSoftwareInterrupt(false),
      fence: (asid, page) => hart.fence(asid, page),
      suspend: () => {
        if ((pendingInterrupts(hart, context) & context.csrLow(CsrSlot.mie)) !== 0) return;
        const deadline = nextDeadline(hart, context);
        if (deadline < Number.MAX_SAFE_INTEGER) hart.advanceTo(deadline);
      },
      powerOff: (exitCode) => this.#requestPower({ kind: 'poweroff', exitCode }),
      reboot: () => this.#requestPower({ kind: 'reset', exitCode: 0 }),
      writeConsole: (bytes) => {
        for (const byte of bytes) this.#output.put(byte);
      },
      readConsole: () => (uart.pendingInput > 0 ? uart.read(0, 1) : undefined),
      view: (address, length) => (contains(address, length) ? ram.slice(Number(address), length) : undefined),
      noteWrite: (address, length) => {
        if (contains(address, length)) ram.noteWrite(Number(address), length);
      },
    };
  }

  /** Not there yet: throws MachineError. */
  save(): Uint8Array {
    throw new MachineError('a machine cannot be saved yet');
  }

  /** State for people: registers by name, CSRs, devices. */
  inspect(): Readonly<Record<string, unknown>> {
    const { vcpu, hart, bus } = this.board;
    const csrs: Record<string, string> = {};
    for (const csr of hart.instructionSet.csrs) {
      if (/^(pmp|m?hpm)/.test(csr.name) || !hart.csrs.has(csr.address)) continue;
      csrs[csr.name] = hex(vcpu.readCsr(csr.address));
    }
    return {
      pc: hex(vcpu.pc),
      privilege: vcpu.privilege,
      registers: Array.from({ length: 32 }, (_, index) => hex(vcpu.readX(index))),
      csrs,
      time: hart.now(),
      instructions: vcpu.counters.instructions,
      memory: { base: hex(memoryMap.ram.base), bytes: this.board.ram.size },
      devices: bus.regions.map(({ base, device }) => ({ name: device.name, base: hex(base), size: device.size })),
    };
  }

  /** Gives up the machine; it cannot be run any more. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.board.dispose();
  }
}
