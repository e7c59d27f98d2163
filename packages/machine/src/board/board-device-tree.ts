import { cells, cells64, type DeviceTreeNode, flattenDeviceTree, present, text } from '@worldswitch/contracts';
import { CACHE_BLOCK_BYTES, InterruptCause } from '@worldswitch/isa';
import { type PlacedDevice, treeName } from './added-device.ts';
import {
  memoryMap,
  PLIC_SOURCES,
  TIMEBASE_FREQUENCY,
  UART_CLOCK,
  VIRTIO_SLOTS,
  virtioWindow,
  type Window,
} from './memory-map.ts';

/** What the description of a board depends on besides its memory map. */
export interface BoardDescription {
  readonly memoryBytes: number;
  /** Default 1. */
  readonly harts?: number;
  /** See BoardOptions. */
  readonly aclint?: boolean;
  /** Names of ISA extensions, as `InstructionSet.extensions` has them. */
  readonly extensions: readonly string[];
  readonly bootArguments?: string;
  /** Devices besides those of the board. */
  readonly devices?: readonly PlacedDevice[];
  /** Physical addresses of the initial RAM disk: first byte, and the byte after it. */
  readonly initrd?: { readonly start: number; readonly end: number };
}

const hex = (value: number) => value.toString(16);
const reg = (window: Window) => cells64(window.base, window.size);

/** Phandles. */
const PLIC = 1;
const TEST = 2;
const cpu = (hart: number) => 16 + 2 * hart;
const cpuInterrupts = (hart: number) => 17 + 2 * hart;

/** The device tree of the board, flattened: what boot code finds at the address in a1. */
export function boardDeviceTree(description: BoardDescription): Uint8Array {
  return flattenDeviceTree({
    name: '',
    properties: {
      '#address-cells': cells(2),
      '#size-cells': cells(2),
      compatible: text('riscv-virtio'),
      model: text('riscv-virtio,worldswitch'),
    },
    children: [chosen(description), memory(description), cpus(description), ...power(), soc(description)],
  });
}

function chosen({ bootArguments, initrd }: BoardDescription): DeviceTreeNode {
  return {
    name: 'chosen',
    properties: {
      'stdout-path': text(`/soc/serial@${hex(memoryMap.uart0.base)}`),
      ...(bootArguments !== undefined && { bootargs: text(bootArguments) }),
      ...(initrd && { 'linux,initrd-start': cells64(initrd.start), 'linux,initrd-end': cells64(initrd.end) }),
    },
  };
}

function memory({ memoryBytes }: BoardDescription): DeviceTreeNode {
  const { base } = memoryMap.ram;
  return {
    name: `memory@${hex(base)}`,
    properties: { device_type: text('memory'), reg: cells64(base, memoryBytes) },
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function cpus({ extensions, harts = 1 }: BoardDescription): DeviceTreeNode {
  const letters = [...'IMAFDCH'].filter((letter) => extensions.includes(letter)).map((letter) => letter.toLowerCase());
  const named = (pattern: RegExp) => extensions.filter((name) => pattern.test(name)).map((name) => name.toLowerCase());
  // By category: Z before S (unprivileged ISA, "ISA Extension Naming Conventions").
  const others = [...['zicntr', 'zihpm', ...named(/^Z/)].sort(), ...['svnapot', ...named(/^S[a-z]/)].sort()];
  return {
    name: 'cpus',
    properties: {
      '#address-cells': cells(1),
      '#size-cells': cells(0),
      'timebase-frequency': cells(TIMEBASE_FREQUENCY),
    },
    children: [
      ...numbers(harts).map((hart) => ({
        name: `cpu@${hex(hart)}`,
        properties: {
          device_type: text('cpu'),
          reg: cells(hart),
          status: text('okay'),
          compatible: text('riscv'),
          'riscv,isa': text([`rv64${letters.join('')}`, ...others].join('_')),
          'riscv,isa-base': text('rv64i'),
          'riscv,isa-extensions': text(...letters, ...others),
          'mmu-type': text('riscv,sv57'),
          ...(extensions.includes('Zicbom') && { 'riscv,cbom-block-size': cells(CACHE_BLOCK_BYTES) }),
          ...(extensions.includes('Zicboz') && { 'riscv,cboz-block-size': cells(CACHE_BLOCK_BYTES) }),
          ...(extensions.includes('Zicbop') && { 'riscv,cbop-block-size': cells(CACHE_BLOCK_BYTES) }),
          phandle: cells(cpu(hart)),
        },
        children: [
          {
            name: 'interrupt-controller',
            properties: {
              '#address-cells': cells(0),
              '#interrupt-cells': cells(1),
              'interrupt-controller': present,
              compatible: text('riscv,cpu-intc'),
              phandle: cells(cpuInterrupts(hart)),
            },
          },
        ],
      })),
      {
        name: 'cpu-map',
        properties: {},
        children: [
          {
            name: 'cluster0',
            properties: {},
            children: numbers(harts).map((hart) => ({ name: `core${hart}`, properties: { cpu: cells(cpu(hart)) } })),
          },
        ],
      },
    ],
  };
}

/** How software switches the machine off and on again: values to write into the test device. */
function power(): DeviceTreeNode[] {
  const node = (name: string, value: number): DeviceTreeNode => ({
    name,
    properties: { compatible: text(`syscon-${name}`), regmap: cells(TEST), offset: cells(0), value: cells(value) },
  });
  return [node('poweroff', 0x5555), node('reboot', 0x7777)];
}

function soc({ harts = 1, aclint = false, devices = [] }: BoardDescription): DeviceTreeNode {
  const { syscon, clint, plic, rtc, uart0 } = memoryMap;
  /** Of each hart in turn: its interrupt controller and a cause, for each cause. */
  const interruptPairs = (...causes: readonly number[]) =>
    cells(...numbers(harts).flatMap((hart) => causes.flatMap((cause) => [cpuInterrupts(hart), cause])));
  const clintNode: DeviceTreeNode = {
    name: `clint@${hex(clint.base)}`,
    properties: {
      compatible: text('sifive,clint0', 'riscv,clint0'),
      reg: reg(clint),
      'interrupts-extended': interruptPairs(InterruptCause.machineSoftware, InterruptCause.machineTimer),
    },
  };
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
        name: `test@${hex(syscon.base)}`,
        properties: {
          compatible: text('sifive,test1', 'sifive,test0', 'syscon'),
          reg: reg(syscon),
          phandle: cells(TEST),
        },
      },
      {
        name: `rtc@${hex(rtc.base)}`,
        properties: {
          compatible: text('google,goldfish-rtc'),
          reg: reg(rtc),
          interrupts: cells(rtc.interrupt),
          'interrupt-parent': cells(PLIC),
        },
      },
      ...(aclint ? aclintNodes(interruptPairs) : [clintNode]),
      {
        name: `plic@${hex(plic.base)}`,
        properties: {
          compatible: text('sifive,plic-1.0.0', 'riscv,plic0'),
          reg: reg(plic),
          '#address-cells': cells(0),
          '#interrupt-cells': cells(1),
          'interrupt-controller': present,
          'interrupts-extended': interruptPairs(InterruptCause.machineExternal, InterruptCause.supervisorExternal),
          'riscv,ndev': cells(PLIC_SOURCES),
          phandle: cells(PLIC),
        },
      },
      {
        name: `serial@${hex(uart0.base)}`,
        properties: {
          compatible: text('ns16550a'),
          reg: reg(uart0),
          interrupts: cells(uart0.interrupt),
          'interrupt-parent': cells(PLIC),
          'clock-frequency': cells(UART_CLOCK),
        },
      },
      // From the highest to the lowest, as QEMU lists them: kernels number disks by this order.
      ...Array.from({ length: VIRTIO_SLOTS }, (_, index) => virtio(virtioWindow(VIRTIO_SLOTS - 1 - index))),
      ...devices.map(addedNode),
    ],
  };
}

/** The CLINT's parts by the names of the ACLINT specification, and supervisor software interrupts. */
function aclintNodes(interruptPairs: (...causes: readonly number[]) => Uint8Array): DeviceTreeNode[] {
  const { clint, sswi } = memoryMap;
  const [timerOffset, timeOffset] = [0x4000, 0xbff8];
  const software = (name: string, window: Window, cause: number): DeviceTreeNode => ({
    name: `${name}@${hex(window.base)}`,
    properties: {
      compatible: text(`riscv,aclint-${name}`),
      reg: reg(window),
      '#interrupt-cells': cells(0),
      'interrupt-controller': present,
      'interrupts-extended': interruptPairs(cause),
    },
  });
  return [
    software('mswi', { base: clint.base, size: timerOffset }, InterruptCause.machineSoftware),
    {
      name: `mtimer@${hex(clint.base + timerOffset)}`,
      properties: {
        compatible: text('riscv,aclint-mtimer'),
        // mtime, then mtimecmp.
        reg: cells64(
          ...[clint.base + timeOffset, clint.size - timeOffset],
          ...[clint.base + timerOffset, timeOffset - timerOffset],
        ),
        'interrupts-extended': interruptPairs(InterruptCause.machineTimer),
      },
    },
    software('sswi', sswi, InterruptCause.supervisorSoftware),
  ];
}

function addedNode({ name, window, compatible }: PlacedDevice): DeviceTreeNode {
  return {
    name: `${treeName(name)}@${hex(window.base)}`,
    properties: {
      compatible: text(...compatible),
      reg: reg(window),
      ...(window.interrupt !== undefined && { interrupts: cells(window.interrupt), 'interrupt-parent': cells(PLIC) }),
    },
  };
}

function virtio(window: Required<Window>): DeviceTreeNode {
  return {
    name: `virtio_mmio@${hex(window.base)}`,
    properties: {
      compatible: text('virtio,mmio'),
      reg: reg(window),
      interrupts: cells(window.interrupt),
      'interrupt-parent': cells(PLIC),
    },
  };
}
