import { RAM_BASE } from '../memory/memory-layout.ts';

/** A device's register window. */
export interface Window {
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  /** Its source number at the PLIC, where it has one. */
  readonly interrupt?: number;
}

/** Virtio-mmio transports: one window each, side by side. */
export const VIRTIO_SLOTS = 8;

/**
 * Where everything is: the map of QEMU's `virt` machine (QEMU documentation, "virt Generic Virtual Platform"). The bus and the
 * device tree are both made from it.
 */
export const memoryMap = {
  syscon: { base: 0x10_0000, size: 0x1000 },
  rtc: { base: 0x10_1000, size: 0x1000, interrupt: 11 },
  clint: { base: 0x200_0000, size: 0x1_0000 },
  /** With `aclint` only. */
  sswi: { base: 0x2f0_0000, size: 0x4000 },
  plic: { base: 0xc00_0000, size: 0x60_0000 },
  uart0: { base: 0x1000_0000, size: 0x100, interrupt: 10 },
  virtio: { base: 0x1000_1000, size: 0x1000, interrupt: 1 },
  ram: { base: RAM_BASE, size: 0 },
} as const satisfies Record<string, Window>;

/** The window of a virtio-mmio slot, 0 to VIRTIO_SLOTS - 1. */
export function virtioWindow(slot: number): Required<Window> {
  const { base, size, interrupt } = memoryMap.virtio;
  return { base: base + slot * size, size, interrupt: interrupt + slot };
}

/** Interrupt sources of the PLIC: 1 to this. */
export const PLIC_SOURCES = 95;
/** Ticks of mtime in a second. */
export const TIMEBASE_FREQUENCY = 10_000_000;
/** Input clock of the UART, in Hz. */
export const UART_CLOCK = 3_686_400;
