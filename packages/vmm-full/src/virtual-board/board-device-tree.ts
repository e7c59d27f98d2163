import { cells, cells64, type DeviceTreeNode, flattenDeviceTree, present, text } from '@worldswitch/contracts';
import { MemoryMap, PLIC_SOURCES, UART_INTERRUPT } from './memory-map.ts';

export interface VirtualBoardOptions {
  readonly memoryBytes: number;
  readonly timebaseFrequency: number;
  /** `rv64imac_zicsr...`. */
  readonly isa: string;
  readonly bootArguments: string;
  /** Guest-physical range of the initrd. */
  readonly initrd?: { readonly start: number; readonly end: number };
}

const INTERRUPT_CONTROLLER = 1;
const PLIC = 2;
const TEST = 3;
const MACHINE_EXTERNAL = 11;
const SUPERVISOR_EXTERNAL = 9;

const region = ({ base, size }: { readonly base: number; readonly size: number }) => cells64(base, size);
const unit = (name: string, base: number) => `${name}@${base.toString(16)}`;

/** The device tree that describes the virtual board, with node and compatible names of QEMU's `virt`. */
export function boardDeviceTree(options: VirtualBoardOptions): Uint8Array {
  const power = (name: string, value: number): DeviceTreeNode => ({
    name,
    properties: { compatible: text(`syscon-${name}`), regmap: cells(TEST), offset: cells(0), value: cells(value) },
  });
  return flattenDeviceTree({
    name: '',
    properties: {
      '#address-cells': cells(2),
      '#size-cells': cells(2),
      compatible: text('riscv-virtio'),
      model: text('riscv-virtio,worldswitch'),
    },
    children: [
      chosen(options),
      {
        name: unit('memory', MemoryMap.ram),
        properties: {
          device_type: text('memory'),
          reg: region({ base: MemoryMap.ram, size: options.memoryBytes }),
        },
      },
      cpus(options),
      soc(),
      power('poweroff', 0x5555),
      power('reboot', 0x7777),
    ],
  });
}

function chosen({ bootArguments, initrd }: VirtualBoardOptions): DeviceTreeNode {
  return {
    name: 'chosen',
    properties: {
      bootargs: text(bootArguments),
      'stdout-path': text(`/soc/${unit('serial', MemoryMap.uart.base)}`),
      ...(initrd && { 'linux,initrd-start': cells64(initrd.start), 'linux,initrd-end': cells64(initrd.end) }),
    },
  };
}

function cpus({ timebaseFrequency, isa }: VirtualBoardOptions): DeviceTreeNode {
  const interruptController: DeviceTreeNode = {
    name: 'interrupt-controller',
    properties: {
      '#interrupt-cells': cells(1),
      'interrupt-controller': present,
      compatible: text('riscv,cpu-intc'),
      phandle: cells(INTERRUPT_CONTROLLER),
    },
  };
  return {
    name: 'cpus',
    properties: { '#address-cells': cells(1), '#size-cells': cells(0), 'timebase-frequency': cells(timebaseFrequency) },
    children: [
      {
        name: 'cpu@0',
        properties: {
          device_type: text('cpu'),
          reg: cells(0),
          status: text('okay'),
          compatible: text('riscv'),
          'riscv,isa': text(isa),
          'riscv,isa-base': text('rv64i'),
          'riscv,isa-extensions': text(...isaExtensions(isa)),
          'mmu-type': text('riscv,sv57'),
        },
        children: [interruptController],
      },
    ],
  };
}

function soc(): DeviceTreeNode {
  const { uart, plic, testDevice } = MemoryMap;
  return {
    name: 'soc',
    properties: {
      '#address-cells': cells(2),
      '#size-cells': cells(2),
      compatible: text('simple-bus'),
      ranges: present,
    },
    children: [
      {
        name: unit('test', testDevice.base),
        properties: {
          compatible: text('sifive,test1', 'sifive,test0', 'syscon'),
          reg: region(testDevice),
          phandle: cells(TEST),
        },
      },
      {
        name: unit('plic', plic.base),
        properties: {
          '#interrupt-cells': cells(1),
          '#address-cells': cells(0),
          'interrupt-controller': present,
          compatible: text('sifive,plic-1.0.0', 'riscv,plic0'),
          reg: region(plic),
          'interrupts-extended': cells(
            ...[INTERRUPT_CONTROLLER, MACHINE_EXTERNAL],
            ...[INTERRUPT_CONTROLLER, SUPERVISOR_EXTERNAL],
          ),
          'riscv,ndev': cells(PLIC_SOURCES),
          phandle: cells(PLIC),
        },
      },
      {
        name: unit('serial', uart.base),
        properties: {
          compatible: text('ns16550a'),
          reg: region(uart),
          'clock-frequency': cells(3_686_400),
          'interrupt-parent': cells(PLIC),
          interrupts: cells(UART_INTERRUPT),
        },
      },
    ],
  };
}

/** `rv64imac_zicsr_...` as the list of `riscv,isa-extensions`. */
function isaExtensions(isa: string): string[] {
  const [base = '', ...named] = isa.split('_');
  return [...base.slice('rv64'.length), ...named];
}
