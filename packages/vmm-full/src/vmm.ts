import type { Exit, ExitDisposition, HostKernel, HostTask, TraceSink, VcpuTaskOwner } from '@worldswitch/contracts';
import { CsrAddress } from '@worldswitch/isa';
import { Accounting } from './accounting/accounting.ts';
import { ShadowPaging } from './shadow-paging/shadow-paging.ts';
import { createTechnique } from './technique/create-technique.ts';
import type { TechniqueName } from './technique/technique.ts';
import { boardDeviceTree } from './virtual-board/board-device-tree.ts';
import { GuestRam } from './virtual-board/guest-ram.ts';
import { loadKernel, placeBelow } from './virtual-board/load.ts';
import { MemoryMap, PLIC_SOURCES, UART_INTERRUPT } from './virtual-board/memory-map.ts';
import { VirtualBus } from './virtual-board/virtual-bus.ts';
import { VirtualConsole } from './virtual-board/virtual-console.ts';
import { createVirtualPlic } from './virtual-devices/plic.ts';
import { createTestDevice } from './virtual-devices/test-device.ts';
import { createVirtualUart } from './virtual-devices/uart16550.ts';
import { Sstatus, VirtualHart } from './virtual-hart/virtual-hart.ts';
import { powerOff, refuseReset, type VirtualMachine } from './virtual-machine.ts';
import { VmmError } from './vmm-error.ts';

export interface VirtualMachineOptions {
  readonly name: string;
  /** RISC-V Image, ELF file, or raw code, as it would be started on hardware. */
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly bootArguments?: string;
  /** RAM: a multiple of 2 MiB. */
  readonly memoryBytes: number;
  /** Typed on the console before it starts. */
  readonly input?: Uint8Array;
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** Console output kept; more ends the machine. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  readonly trace?: TraceSink;
  /** For wall time, in milliseconds. Default performance.now. */
  readonly now?: () => number;
  /** Default `trap-and-emulate`. */
  readonly technique?: TechniqueName;
  /**
   * Reads of `time`, `cycle` and `instret`: `trap` (default) gives the guest a time of its own, from 0 on; `pass` lets those that
   * the guest's scounteren allows read the machine's, without an exit.
   */
  readonly counters?: 'trap' | 'pass';
  /** Gives the guest stimecmp (the extension Sstc), and says so in its device tree. Default false, as on the bare board. */
  readonly hasSstc?: boolean;
  /** Guest address spaces whose shadow tables are remembered. Default 32. */
  readonly maxAddressSpaces?: number;
  /** Frames that all shadow tables together may take. Default: 64 and a 16th of the guest's memory. */
  readonly maxShadowFrames?: number;
}

/** A virtual machine, and the task that the host's scheduler runs. */
export interface VirtualMachineTask extends VcpuTaskOwner {
  readonly kind: 'vm-full';
  readonly vm: VirtualMachine;
  /** Puts it among the host's tasks. Call it once. */
  start(): HostTask;
  /** Characters typed on its console. */
  type(bytes: Uint8Array): void;
}

const DEFAULT_OUTPUT_LIMIT = 16 << 20;
const A0 = 10;
const A1 = 11;
/** sstatus.FS: initial, as firmware leaves a floating-point unit. */
const FS_INITIAL = 1 << 13;

/**
 * Makes a virtual machine with one hart on a host and puts a kernel into it, to be entered in virtual supervisor mode with
 * translation off, a0 = 0 (the hart) and a1 = the device tree (Linux Documentation/arch/riscv/boot.rst).
 * @throws VmmError for a kernel or options that cannot be; what the host throws when it has no frames left.
 */
export function createVirtualMachine(host: HostKernel, options: VirtualMachineOptions): VirtualMachineTask {
  const technique = createTechnique(options.technique ?? 'trap-and-emulate');
  const ram = new GuestRam(host, MemoryMap.ram, options.memoryBytes);
  let vm: VirtualMachine | undefined;
  try {
    const kernel = loadKernel(ram, options.kernel);
    vm = assemble(host, options, ram);
    placeBootData(vm, options, kernel);
    technique.prepare(vm);
    if (!vm.shadow.activate()) throw new VmmError(`the host has no memory for shadow page tables of ${options.name}`);
    return taskOf(vm, technique);
  } catch (error) {
    vm?.shadow.release();
    vm?.vcpu.dispose();
    ram.release();
    throw error;
  }
}

function assemble(host: HostKernel, options: VirtualMachineOptions, ram: GuestRam): VirtualMachine {
  const vcpu = host.createVcpu();
  const hart = new VirtualHart();
  const bus = new VirtualBus();
  const console = new VirtualConsole(options.maxOutputBytes ?? DEFAULT_OUTPUT_LIMIT, options.onOutput);
  const plic = createVirtualPlic(PLIC_SOURCES, [
    { set() {} },
    {
      set: (isHigh) => {
        hart.isExternalPending = isHigh;
      },
    },
  ]);
  const uart = createVirtualUart((byte) => console.put(byte), plic.source(UART_INTERRUPT));
  const areCountersPassed = options.counters === 'pass';
  vcpu.writeCsr(CsrAddress.mstatus, BigInt(FS_INITIAL));
  const hasFloat = (Number(vcpu.readCsr(CsrAddress.mstatus)) & Sstatus.FS) !== 0;
  const vm: VirtualMachine = {
    name: options.name,
    host,
    vcpu,
    ram,
    bus,
    uart,
    console,
    hart,
    shadow: new ShadowPaging({
      host,
      vcpu,
      ram,
      hart,
      isDevicePage: (frame) => bus.hasPage(frame),
      ...(options.maxAddressSpaces !== undefined && { maxAddressSpaces: options.maxAddressSpaces }),
      ...(options.maxShadowFrames !== undefined && { maxTableFrames: options.maxShadowFrames }),
    }),
    accounting: new Accounting(options.now ?? (() => performance.now())),
    trace: options.trace,
    areCountersPassed,
    hasFloat,
    hasSstc: options.hasSstc ?? false,
    timeBase: areCountersPassed ? 0 : host.clock.now(),
    timerDeadline: Number.POSITIVE_INFINITY,
    isWaiting: false,
    isHeldInTrace: false,
    emulatedInstructions: 0,
    injected: '',
    deviceAccess: '',
    nestedExceptions: 0,
    exitsThisTurn: 0,
    initrd: undefined,
    task: undefined,
    isReleased: false,
    end: undefined,
  };
  bus.attach(MemoryMap.uart.base, uart);
  bus.attach(MemoryMap.plic.base, plic);
  const power = { powerOff: (exitCode: number) => powerOff(vm, exitCode), reset: () => refuseReset(vm) };
  bus.attach(MemoryMap.testDevice.base, createTestDevice(power));
  if (hasFloat) hart.status |= FS_INITIAL;
  if (options.input) uart.type(options.input);
  return vm;
}

/** Initrd and device tree, at the end of RAM; then the registers that a kernel is started with. */
function placeBootData(
  vm: VirtualMachine,
  options: VirtualMachineOptions,
  kernel: { entry: number; end: number },
): void {
  const { ram, vcpu, host } = vm;
  const ramEnd = ram.base + ram.size;
  const describe = (initrd?: { start: number; end: number }) =>
    boardDeviceTree({
      memoryBytes: ram.size,
      timebaseFrequency: host.clock.frequency,
      isa: isaOf(vcpu.readCsr(CsrAddress.misa), vm.hasSstc),
      bootArguments: options.bootArguments ?? '',
      ...(initrd && { initrd }),
    });
  let tree = describe();
  const { initrd } = options;
  if (initrd !== undefined && initrd.length > 0) {
    // The range's size is the same whatever its value, so the tree's size is known before the initrd's place.
    const treeSize = describe({ start: 0, end: 0 }).length;
    const start = placeBelow(ram, initrd, ramEnd - Math.ceil(treeSize / 4096) * 4096, kernel.end, 'initrd');
    vm.initrd = { start, end: start + initrd.length };
    tree = describe(vm.initrd);
  }
  const treeStart = placeBelow(ram, tree, ramEnd, kernel.end, 'device tree');
  vcpu.writeX(A0, 0n);
  vcpu.writeX(A1, BigInt(treeStart));
  vcpu.pc = BigInt(kernel.entry);
}

/** What the machine has in user mode, as `riscv,isa` says it: letters of misa in their usual order. */
function isaOf(misa: bigint, hasSstc: boolean): string {
  const letters = [...'imafdc'].filter((letter) => (misa >> BigInt(letter.charCodeAt(0) - 97)) & 1n);
  const others = ['zicntr', 'zicsr', 'zifencei', ...(hasSstc ? ['sstc'] : [])];
  return [`rv64${letters.join('')}`, ...others].join('_');
}

function taskOf(vm: VirtualMachine, technique: ReturnType<typeof createTechnique>): VirtualMachineTask {
  return {
    name: vm.name,
    kind: 'vm-full',
    vm,
    vcpu: vm.vcpu,
    instructionsUntilEvent: () => technique.instructionsUntilEvent(vm),
    handleExit: (exit: Exit): ExitDisposition => technique.handleExit(vm, exit),
    release() {
      if (vm.isReleased) return;
      vm.isReleased = true;
      vm.accounting.charge(vm.vcpu.counters, vm.hart.isUser);
      vm.console.flush();
      vm.shadow.release();
      vm.vcpu.dispose();
      vm.ram.release();
    },
    start() {
      // The three hops of an exit are the VMM's to tell: only it knows whose instruction trapped.
      vm.task = vm.host.addVcpuTask(this, { world: vm.name });
      return vm.task;
    },
    type(bytes) {
      vm.uart.type(bytes);
      vm.task?.wake();
    },
  };
}
