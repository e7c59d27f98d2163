import { type DmaMemory, InternalError, type InterruptLine, type TlbModel } from '@worldswitch/contracts';
import { type InstructionSet, InterruptCause } from '@worldswitch/isa';
import { createAclintSswi } from '../devices/aclint-sswi.ts';
import { createClint } from '../devices/clint.ts';
import { createGoldfishRtc } from '../devices/goldfish-rtc.ts';
import { createPlic, type Plic } from '../devices/plic.ts';
import { createSysconTest, type PowerRequest } from '../devices/syscon-test.ts';
import { createUart16550, type Uart16550 } from '../devices/uart16550.ts';
import { createVirtioMmio, type VirtioDevice } from '../devices/virtio-mmio.ts';
import { MachineError } from '../errors.ts';
import type { ControlOperation } from '../hart/control.ts';
import type { Hart } from '../hart/hart.ts';
import { HostedVcpu } from '../hosted/vcpu.ts';
import { Bus } from '../memory/bus.ts';
import { createMachineMemory } from '../memory/machine-memory.ts';
import { Ram } from '../memory/ram.ts';
import { HartGroup } from '../schedule/hart-group.ts';
import type { MachineRecorder } from '../snapshot/recorder.ts';
import { type AddedDevice, type PlacedDevice, placeAdded } from './added-device.ts';
import { memoryMap, PLIC_SOURCES, VIRTIO_SLOTS, virtioWindow } from './memory-map.ts';

export interface BoardOptions {
  readonly memoryBytes: number;
  /** 1 to 8, default 1. */
  readonly harts?: number;
  /** Supervisor software interrupts by an ACLINT SSWI device, as QEMU's `aclint=on`. Default false. */
  readonly aclint?: boolean;
  /** Time of day when the clock is 0: milliseconds since 1970-01-01 UTC. Default DEFAULT_START_TIME. */
  readonly startTime?: number;
  /** Makes the TLB model of each hart. */
  readonly createTlb?: (hart: number) => TlbModel;
  readonly instructionSet?: InstructionSet;
  readonly controls?: Readonly<Record<string, ControlOperation>>;
  /** A byte leaves the UART. */
  readonly transmit: (byte: number) => void;
  /** What records or repeats the run, if anything does. */
  readonly recorder?: () => MachineRecorder | undefined;
  /** Software switches the machine off or asks for a reset. */
  readonly power: (request: PowerRequest) => void;
  /** Devices of the virtio-mmio slots, from slot 0; undefined leaves one empty. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  /** Devices besides those of the board. */
  readonly devices?: readonly AddedDevice[];
}

/** The parts of a machine, wired as memory-map.ts and the device tree say. */
export interface Board {
  readonly ram: Ram;
  /** Where devices are. */
  readonly bus: Bus;
  /** What the harts share. */
  readonly group: HartGroup;
  readonly harts: readonly Hart[];
  /** The register contexts of the harts, in their order. */
  readonly vcpus: readonly HostedVcpu[];
  /** The first hart, and its register context. */
  readonly hart: Hart;
  readonly vcpu: HostedVcpu;
  /** The serial port that the console is connected to. */
  readonly uart: Uart16550;
  /** By slot. */
  readonly virtio: readonly (VirtioDevice | undefined)[];
  readonly plic: Plic;
  /** Devices besides those of the board. */
  readonly added: readonly PlacedDevice[];
  dispose(): void;
}

/** Where time begins unless the owner says otherwise, so that machines made alike run alike: 2026-01-01 UTC. */
const DEFAULT_START_TIME = Date.UTC(2026, 0, 1);

const UNCONNECTED: InterruptLine = { set() {} };

export function createBoard(options: BoardOptions): Board {
  const { harts: count, createTlb, instructionSet, controls, virtio = [] } = options;
  if (virtio.length > VIRTIO_SLOTS) {
    throw new MachineError(`${virtio.length} virtio devices, and there are ${VIRTIO_SLOTS} slots`);
  }
  const memory = createMachineMemory(options.memoryBytes);
  const ram = new Ram(memory);
  const bus = new Bus();
  const group = new HartGroup({
    memory,
    ram,
    bus,
    ...(count !== undefined && { harts: count }),
    ...(createTlb && { createTlb }),
    ...(instructionSet && { instructionSet }),
    ...(controls && { controls }),
  });
  const { harts, clock } = group;
  const vcpus = harts.map((hart) => new HostedVcpu(hart));
  const line = ({ hart, context }: HostedVcpu, bit: number): InterruptLine => ({
    set: (isHigh) => hart.setLine(context, bit, isHigh),
  });
  // Two contexts a hart: 2h is its machine mode, 2h + 1 its supervisor mode.
  const plic = createPlic({
    sources: PLIC_SOURCES,
    targets: vcpus.flatMap((vcpu) => [
      line(vcpu, InterruptCause.machineExternal),
      line(vcpu, InterruptCause.supervisorExternal),
    ]),
  });
  const { syscon, clint, rtc, uart0 } = memoryMap;
  const uart = createUart16550({ interrupt: plic.source(uart0.interrupt), transmit: options.transmit });
  bus.attach(syscon.base, createSysconTest(options.power));
  bus.attach(
    clint.base,
    createClint({
      now: () => clock.now(),
      setTime: (ticks) => group.setTime(ticks),
      harts: vcpus.map((vcpu) => ({
        software: line(vcpu, InterruptCause.machineSoftware),
        setDeadline: (deadline) => vcpu.hart.setMachineDeadline(deadline),
      })),
    }),
  );
  if (options.aclint) {
    const raise = ({ hart, context }: HostedVcpu) => hart.raiseSupervisorSoftware(context);
    bus.attach(memoryMap.sswi.base, createAclintSswi(vcpus.map((vcpu) => () => raise(vcpu))));
  }
  bus.attach(memoryMap.plic.base, plic);
  bus.attach(
    rtc.base,
    createGoldfishRtc({
      now: () => clock.now(),
      startTime: options.startTime ?? DEFAULT_START_TIME,
      interrupt: plic.source(rtc.interrupt),
      createTimer: (ring) => group.timers.create(ring),
    }),
  );
  bus.attach(uart0.base, uart);
  const dma = createDmaMemory(ram);
  for (let slot = 0; slot < VIRTIO_SLOTS; slot++) {
    const { base, interrupt } = virtioWindow(slot);
    bus.attach(
      base,
      createVirtioMmio({
        device: virtio[slot],
        memory: dma,
        interrupt: plic.source(interrupt),
        recorder: options.recorder,
      }),
    );
  }
  const devices = (options.devices ?? []).map(({ interrupt, create }) =>
    create({
      interrupt: interrupt === undefined ? UNCONNECTED : plic.source(interrupt),
      memory: dma,
      now: () => clock.now(),
      createTimer: (ring) => group.timers.create(ring),
    }),
  );
  const added = placeAdded(options.devices ?? [], devices);
  for (const [index, { window }] of added.entries()) bus.attach(window.base, devices[index]!);
  const [hart] = harts;
  const [vcpu] = vcpus;
  if (!hart || !vcpu) throw new InternalError('a board without harts');
  const dispose = () => {
    for (const each of vcpus) each.dispose();
  };
  return { ram, bus, group, harts, vcpus, hart, vcpu, uart, virtio, plic, added, dispose };
}

function createDmaMemory(ram: Ram): DmaMemory {
  return {
    view: (address, length) => (ram.contains(address, length) ? ram.slice(address, length) : undefined),
    noteWrite: (address, length) => {
      if (ram.contains(address, length)) ram.noteWrite(address, length);
    },
  };
}
