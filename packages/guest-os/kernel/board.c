/*
 * Finds the hardware in the device tree. Addresses and sizes are two cells each outside /cpus, as on QEMU's `virt`
 * board and every other RV64 board with this binding.
 */
#include "board.h"

#include "fdt.h"
#include "arch/pagetable.h"
#include "print.h"
#include "string.h"

#define SUPERVISOR_EXTERNAL 9

struct board board;

/* The phandle of the interrupt controller inside the boot hart's cpu node. */
static u32 boot_hart_phandle(const void *dtb) {
    int depth, cpu_depth = -1;
    for (fdt_node node = fdt_next(dtb, NULL, &depth); node != NULL; node = fdt_next(dtb, node, &depth)) {
        const char *type = fdt_property(dtb, node, "device_type", NULL);
        if (type != NULL && strcmp(type, "cpu") == 0) {
            const void *reg = fdt_property(dtb, node, "reg", NULL);
            cpu_depth = reg != NULL && fdt_cell(reg, 0) == board.hart ? depth : -1;
        } else if (cpu_depth >= 0 && depth == cpu_depth + 1 && fdt_is_compatible(dtb, node, "riscv,cpu-intc")) {
            const void *phandle = fdt_property(dtb, node, "phandle", NULL);
            return phandle == NULL ? 0 : fdt_cell(phandle, 0);
        }
    }
    return 0;
}

/* A PLIC context is the index of its (interrupt controller, interrupt) pair in interrupts-extended. */
static u32 plic_context_of(const void *dtb, fdt_node plic) {
    u32 length = 0, phandle = boot_hart_phandle(dtb);
    const void *pairs = fdt_property(dtb, plic, "interrupts-extended", &length);
    for (u32 i = 0; pairs != NULL && i < length / 8; i++) {
        if (fdt_cell(pairs, i * 2) == phandle && fdt_cell(pairs, i * 2 + 1) == SUPERVISOR_EXTERNAL) return i;
    }
    return 1;
}

/* linux,initrd-start and -end are one or two cells. */
static u64 address_property(const void *dtb, fdt_node node, const char *name) {
    u32 length = 0;
    const void *value = fdt_property(dtb, node, name, &length);
    if (value == NULL) return 0;
    return length >= 8 ? fdt_cell_pair(value, 0) : fdt_cell(value, 0);
}

static void read_chosen(const void *dtb, fdt_node node) {
    u32 length = 0;
    const char *text = fdt_property(dtb, node, "bootargs", &length);
    board.initrd_start = address_property(dtb, node, "linux,initrd-start");
    board.initrd_end = address_property(dtb, node, "linux,initrd-end");
    if (text == NULL) return;
    length = MIN(length, sizeof(board.command_line) - 1);
    memcpy(board.command_line, text, length);
}

static void read_device(const void *dtb, fdt_node node, const void *reg) {
    u64 address = fdt_cell_pair(reg, 0);
    if (fdt_is_compatible(dtb, node, "ns16550a") && board.uart == 0) {
        const void *interrupt = fdt_property(dtb, node, "interrupts", NULL);
        board.uart = address;
        board.uart_interrupt = interrupt == NULL ? 0 : fdt_cell(interrupt, 0);
    } else if (fdt_is_compatible(dtb, node, "riscv,plic0") || fdt_is_compatible(dtb, node, "sifive,plic-1.0.0")) {
        board.plic = address;
        board.plic_context = plic_context_of(dtb, node);
    } else if (fdt_is_compatible(dtb, node, "sifive,test0")) {
        board.test_device = address;
    }
}

static void read_node(const void *dtb, fdt_node node) {
    const void *timebase = fdt_property(dtb, node, "timebase-frequency", NULL);
    if (timebase != NULL) board.timebase = fdt_cell(timebase, 0);
    if (strcmp(fdt_name(node), "chosen") == 0) read_chosen(dtb, node);

    u32 length = 0;
    const void *reg = fdt_property(dtb, node, "reg", &length);
    if (reg == NULL || length < 16) return;
    const char *type = fdt_property(dtb, node, "device_type", NULL);
    if (type != NULL && strcmp(type, "memory") == 0) {
        if (board.ram_end != 0) return; /* the first bank is enough */
        board.ram_start = fdt_cell_pair(reg, 0);
        board.ram_end = board.ram_start + fdt_cell_pair(reg, 2);
    } else {
        read_device(dtb, node, reg);
    }
}

void board_init(u64 hart, u64 dtb_address) {
    const void *dtb = physical_to_virtual(dtb_address);
    if (!fdt_is_valid(dtb)) panic("no device tree at %p", (void *)dtb_address);
    board.hart = hart;
    board.timebase = 10000000;
    board.dtb_start = dtb_address;
    board.dtb_end = dtb_address + fdt_size(dtb);

    int depth;
    for (fdt_node node = fdt_next(dtb, NULL, &depth); node != NULL; node = fdt_next(dtb, node, &depth)) {
        read_node(dtb, node);
    }
    if (board.ram_end == 0) panic("the device tree has no memory node");
    if (board.initrd_end < board.initrd_start) panic("the device tree has a bad initrd range");
}
