/*
 * The program as a static process of Linux on RV64, without libc. System call numbers: include/uapi/asm-generic/unistd.h.
 * Arguments: n, and optionally anything more to have the nanoseconds of the work printed too, by the system's clock.
 */
#include "../program.h"
#include "report.h"

#define SYS_WRITE 64
#define SYS_EXIT 93
#define SYS_CLOCK_GETTIME 113
#define CLOCK_MONOTONIC 1

static long system_call(long number, long first, long second, long third)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = first;
	register long a1 __asm__("a1") = second;
	register long a2 __asm__("a2") = third;
	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
	return a0;
}

static uint64_t nanoseconds(void)
{
	struct {
		int64_t seconds, nanoseconds;
	} now = {0, 0};
	system_call(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&now, 0);
	return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}

static void print_nanoseconds(uint64_t value)
{
	char text[24];
	char *at = text + sizeof text;
	*--at = '\n';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	system_call(SYS_WRITE, 1, (long)at, text + sizeof text - at);
}

/* The initial stack: argc, argv[0], argv[1], ... */
__attribute__((used)) static void start(const long *stack)
{
	long count = stack[0];
	const char *digits = count > 1 ? (const char *)stack[2] : "0";
	uint32_t n = 0;
	char text[REPORT_BYTES];
	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (uint32_t)(*digits - '0');
	uint64_t begin = nanoseconds();
	uint64_t sum = work(n);
	uint64_t end = nanoseconds();
	format_report(text, sum);
	system_call(SYS_WRITE, 1, (long)text, REPORT_BYTES);
	if (count > 2)
		print_nanoseconds(end - begin);
	system_call(SYS_EXIT, 0, 0, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mv a0, sp\n"
	"	andi sp, sp, -16\n"
	"	tail start\n");
