/* What the device tree and the kernel command line say. */
#pragma once
#include "types.h"

struct board {
    u64 hart;
    u64 dtb_start, dtb_end;
    u64 ram_start, ram_end;
    u64 initrd_start, initrd_end; /* equal when there is none */
    u64 timebase;                 /* ticks of the time CSR a second */
    u64 uart;                     /* physical addresses; 0 when absent */
    u32 uart_interrupt;
    u64 plic;
    u32 plic_context; /* the boot hart's S-mode context */
    u64 test_device;
    char command_line[1024];
};

extern struct board board;

/* Reads the device tree at a physical address. Panics when it is none or has no memory. */
void board_init(u64 hart, u64 dtb);
