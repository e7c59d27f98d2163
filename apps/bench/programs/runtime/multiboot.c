/*
 * The program on a bare PC, started by a Multiboot loader (Multiboot Specification 0.6.96) in 32-bit protected mode without
 * paging. Output goes to the first serial port; the end is a halt with interrupts off.
 */
#include "../program.h"
#include "report.h"

#define SERIAL_TRANSMIT 0x3f8
#define SERIAL_LINE_STATUS 0x3fd
#define TRANSMITTER_EMPTY 0x20

static volatile struct work_size size = {WORK_SIZE_MARK, 0};

static void write_port(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t read_port(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

__attribute__((used)) void start(void)
{
	char text[REPORT_BYTES];
	format_report(text, work(size.n));
	for (int i = 0; i < REPORT_BYTES; i++) {
		while (!(read_port(SERIAL_LINE_STATUS) & TRANSMITTER_EMPTY))
			;
		write_port(SERIAL_TRANSMIT, (uint8_t)text[i]);
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Header: magic, no flags, checksum. Then CR0.EM off and MP on, CR4.OSFXSR on: SSE2 is what doubles are computed with. */
__asm__(".section .multiboot, \"a\"\n"
	"	.long 0x1badb002, 0, -0x1badb002\n"
	".section .text.start, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	cli\n"
	"	movl $stack_top, %esp\n"
	"	movl %cr0, %eax\n"
	"	andl $~4, %eax\n"
	"	orl $2, %eax\n"
	"	movl %eax, %cr0\n"
	"	movl %cr4, %eax\n"
	"	orl $0x600, %eax\n"
	"	movl %eax, %cr4\n"
	"	call start\n"
	".text\n");
