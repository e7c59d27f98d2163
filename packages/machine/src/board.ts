import type { DmaMemory, InterruptLine, TlbModel } from '@worldswitch/contracts';
import { type InstructionSet, InterruptCause } from '@worldswitch/isa';
import { Bus } from './bus.ts';
import type { ControlOperation } from './control.ts';
import { createClint } from './devices/clint.ts';
import { createPlic, type Plic } from './devices/plic.ts';
import { createSysconTest, type PowerRequest } from './devices/syscon-test.ts';
import { createUart16550, type Uart16550 } from './devices/uart16550.ts';
import { createVirtioMmio, type VirtioDevice } from './devices/virtio-mmio.ts';
import { MachineError } from './errors.ts';
import { Hart } from './hart.ts';
import { createMachineMemory } from './machine-memory.ts';
import { memoryMap, PLIC_SOURCES, VIRTIO_SLOTS, virtioWindow } from './memory-map.ts';
import { Ram } from './ram.ts';
import { HostedVcpu } from './vcpu.ts';

export interface BoardOptions {
  readonly memoryBytes: number;
  readonly tlb?: TlbModel;
  readonly instructionSet?: InstructionSet;
  readonly controls?: Readonly<Record<string, ControlOperation>>;
  /** A byte leaves the UART. */
  readonly transmit: (byte: number) => void;
  /** Software switches the machine off or asks for a reset. */
  readonly power: (request: PowerRequest) => void;
  /** Devices of the virtio-mmio slots, from slot 0; undefined leaves one empty. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
}

/** The parts of a machine, wired as memory-map.ts and the device tree say. */
export interface Board {
  readonly ram: Ram;
  readonly bus: Bus;
  readonly hart: Hart;
  /** The register context of the board's hart. */
  readonly vcpu: HostedVcpu;
  readonly uart: Uart16550;
  readonly plic: Plic;
  dispose(): void;
}

export function createBoard(options: BoardOptions): Board {
  const { tlb, instructionSet, controls, virtio = [] } = options;
  if (virtio.length > VIRTIO_SLOTS) {
    throw new MachineError(`${virtio.length} virtio devices, and there are ${VIRTIO_SLOTS} slots`);
  }
  const memory = createMachineMemory(options.memoryBytes);
  const ram = new Ram(memory);
  const bus = new Bus();
  const hart = new Hart({
    memory,
    ram,
    bus,
    ...(tlb && { tlb }),
    ...(instructionSet && { instructionSet }),
    ...(controls && { controls }),
  });
  const vcpu = new HostedVcpu(hart);
  const line = (bit: number): InterruptLine => ({ set: (isHigh) => hart.setLine(vcpu.context, bit, isHigh) });
  const plic = createPlic({
    sources: PLIC_SOURCES,
    targets: [line(InterruptCause.machineExternal), line(InterruptCause.supervisorExternal)],
  });
  const { syscon, clint, uart0 } = memoryMap;
  const uart = createUart16550({ interrupt: plic.source(uart0.interrupt), transmit: options.transmit });
  bus.attach(syscon.base, createSysconTest(options.power));
  bus.attach(
    clint.base,
    createClint({
      now: () => hart.now(),
      software: line(InterruptCause.machineSoftware),
      setDeadline: (deadline) => hart.setMachineDeadline(deadline),
    }),
  );
  bus.attach(memoryMap.plic.base, plic);
  bus.attach(uart0.base, uart);
  const dma = createDmaMemory(ram);
  for (let slot = 0; slot < VIRTIO_SLOTS; slot++) {
    const { base, interrupt } = virtioWindow(slot);
    bus.attach(base, createVirtioMmio({ device: virtio[slot], memory: dma, interrupt: plic.source(interrupt) }));
  }
  return { ram, bus, hart, vcpu, uart, plic, dispose: () => vcpu.dispose() };
}

function createDmaMemory(ram: Ram): DmaMemory {
  return {
    view: (address, length) => (ram.contains(address, length) ? ram.slice(address, length) : undefined),
    noteWrite: (address, length) => {
      if (ram.contains(address, length)) ram.noteWrite(address, length);
    },
  };
}
