import { type DeviceTreeNode, encodeDeviceTree, pair } from './device-tree.ts';
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

const region = ({ base, size }: { readonly base: number; readonly size: number }) => [...pair(base), ...pair(size)];

/** The device tree that describes the virtual board, with node and compatible names of QEMU's `virt`. */
export function boardDeviceTree(options: VirtualBoardOptions): Uint8Array {
  const { uart, plic, testDevice } = MemoryMap;
  const unit = (name: string, base: number) => `${name}@${base.toString(16)}`;
  const tree: DeviceTreeNode = {
    properties: {
      '#address-cells': [2],
      '#size-cells': [2],
      compatible: 'riscv-virtio',
      model: 'riscv-virtio,worldswitch',
    },
    children: {
      chosen: {
        properties: {
          bootargs: options.bootArguments,
          'stdout-path': `/soc/${unit('serial', uart.base)}`,
          ...(options.initrd && {
            'linux,initrd-start': pair(options.initrd.start),
            'linux,initrd-end': pair(options.initrd.end),
          }),
        },
      },
      [unit('memory', MemoryMap.ram)]: {
        properties: { device_type: 'memory', reg: region({ base: MemoryMap.ram, size: options.memoryBytes }) },
      },
      cpus: {
        properties: { '#address-cells': [1], '#size-cells': [0], 'timebase-frequency': [options.timebaseFrequency] },
        children: {
          'cpu@0': {
            properties: {
              device_type: 'cpu',
              reg: [0],
              status: 'okay',
              compatible: 'riscv',
              'riscv,isa': options.isa,
              'riscv,isa-base': 'rv64i',
              'riscv,isa-extensions': isaExtensions(options.isa),
              'mmu-type': 'riscv,sv57',
            },
            children: {
              'interrupt-controller': {
                properties: {
                  '#interrupt-cells': [1],
                  'interrupt-controller': true,
                  compatible: 'riscv,cpu-intc',
                  phandle: [INTERRUPT_CONTROLLER],
                },
              },
            },
          },
        },
      },
      soc: {
        properties: { '#address-cells': [2], '#size-cells': [2], compatible: 'simple-bus', ranges: true },
        children: {
          [unit('test', testDevice.base)]: {
            properties: {
              compatible: ['sifive,test1', 'sifive,test0', 'syscon'],
              reg: region(testDevice),
              phandle: [TEST],
            },
          },
          [unit('plic', plic.base)]: {
            properties: {
              '#interrupt-cells': [1],
              '#address-cells': [0],
              'interrupt-controller': true,
              compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
              reg: region(plic),
              'interrupts-extended': [
                INTERRUPT_CONTROLLER,
                MACHINE_EXTERNAL,
                INTERRUPT_CONTROLLER,
                SUPERVISOR_EXTERNAL,
              ],
              'riscv,ndev': [PLIC_SOURCES],
              phandle: [PLIC],
            },
          },
          [unit('serial', uart.base)]: {
            properties: {
              compatible: 'ns16550a',
              reg: region(uart),
              'clock-frequency': [3_686_400],
              'interrupt-parent': [PLIC],
              interrupts: [UART_INTERRUPT],
            },
          },
        },
      },
      poweroff: { properties: { compatible: 'syscon-poweroff', regmap: [TEST], offset: [0], value: [0x5555] } },
      reboot: { properties: { compatible: 'syscon-reboot', regmap: [TEST], offset: [0], value: [0x7777] } },
    },
  };
  return encodeDeviceTree(tree);
}

/** `rv64imac_zicsr_...` as the list of `riscv,isa-extensions`. */
function isaExtensions(isa: string): string[] {
  const [base = '', ...named] = isa.split('_');
  return [...base.slice('rv64'.length), ...named];
}
