/**
 * The guest-physical memory map: that of QEMU's `virt` board (hw/riscv/virt.c), as far as the virtual machine has its parts.
 * A CLINT is machine mode's; the guest's machine mode is the built-in SBI, so there is none to see.
 */
export const MemoryMap = {
  testDevice: { base: 0x10_0000, size: 0x1000 },
  plic: { base: 0x0c00_0000, size: 0x60_0000 },
  uart: { base: 0x1000_0000, size: 0x100 },
  ram: 0x8000_0000,
} as const;

/** PLIC source of the UART (same source, VIRT_UART0_IRQ... UART0_IRQ). */
export const UART_INTERRUPT = 10;
/** Sources of the PLIC (same, VIRT_IRQCHIP_NUM_SOURCES). */
export const PLIC_SOURCES = 95;

/** Kernels are entered 2 MiB into RAM (Linux Documentation/arch/riscv/boot-image-header.rst: text_offset for RV64). */
export const KERNEL_OFFSET = 0x20_0000;
