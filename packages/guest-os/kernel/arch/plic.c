/* Platform-level interrupt controller (RISC-V PLIC 1.0.0, memory map in chapter 3). One source is used: the UART. */
#include "plic.h"

#include "board.h"
#include "console.h"
#include "pagetable.h"

#define PRIORITY 0x0
#define ENABLE 0x2000
#define ENABLE_STRIDE 0x80
#define CONTEXT 0x200000
#define CONTEXT_STRIDE 0x1000
#define THRESHOLD 0
#define CLAIM 4

static volatile u32 *plic_register(u64 offset) {
    return physical_to_virtual(board.plic + offset);
}

static volatile u32 *context_register(u64 offset) {
    return plic_register(CONTEXT + board.plic_context * CONTEXT_STRIDE + offset);
}

void plic_init(void) {
    u32 source = board.uart_interrupt;
    if (board.plic == 0 || source == 0) return;
    *plic_register(PRIORITY + source * 4) = 1;
    *plic_register(ENABLE + board.plic_context * ENABLE_STRIDE + source / 32 * 4) = 1u << source % 32;
    *context_register(THRESHOLD) = 0;
}

void plic_interrupt(void) {
    u32 source = *context_register(CLAIM);
    if (source == 0) return;
    if (source == board.uart_interrupt) console_interrupt();
    *context_register(CLAIM) = source;
}
