/*
 * The program on the bare machine `virt` (QEMU documentation, "virt Generic Virtual Platform"): hart 0 starts here in machine
 * mode, without firmware. Output goes to the 16550 UART, the end to the SiFive test device.
 */
#include "../program.h"
#include "report.h"

#define UART_TRANSMIT ((volatile uint8_t *)0x10000000)
#define UART_LINE_STATUS ((volatile uint8_t *)0x10000005)
#define TRANSMITTER_EMPTY 0x20
#define TEST_DEVICE ((volatile uint32_t *)0x100000)
#define TEST_PASS 0x5555

static volatile struct work_size size = {WORK_SIZE_MARK, 0};

__attribute__((used)) static void start(void)
{
	char text[REPORT_BYTES];
	format_report(text, work(size.n));
	for (int i = 0; i < REPORT_BYTES; i++) {
		while (!(*UART_LINE_STATUS & TRANSMITTER_EMPTY))
			;
		*UART_TRANSMIT = (uint8_t)text[i];
	}
	*TEST_DEVICE = TEST_PASS;
	for (;;)
		__asm__ volatile("wfi");
}

/* mstatus.FS (bits 14:13) = initial: floating point on. A trap would end up at `stuck`, silently: nothing here may trap. */
__asm__(".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	la t0, stuck\n"
	"	csrw mtvec, t0\n"
	"	li t0, 0x2000\n"
	"	csrs mstatus, t0\n"
	"	csrwi fcsr, 0\n"
	"	la sp, stack_top\n"
	"	tail start\n"
	"	.balign 4\n"
	"stuck:\n"
	"	wfi\n"
	"	j stuck\n"
	".text\n");
