/*
 * Work that makes a machine's engine translate, forget and look up again: memory that is mapped and unmapped, and code that
 * the program writes, runs until it is hot and overwrites, as just-in-time compilers do. n chooses the code; 0 does nothing.
 * System call numbers: include/uapi/asm-generic/unistd.h and arch/riscv/include/uapi/asm/unistd.h of Linux.
 */
#include "program.h"

#define SYS_MUNMAP 215
#define SYS_MMAP 222
#define SYS_RISCV_FLUSH_ICACHE 259
#define PROT_READ_WRITE 3
#define PROT_READ_WRITE_EXECUTE 7
#define MAP_PRIVATE_ANONYMOUS 0x22

#define PAGE 4096
#define AREAS 32
#define MAPPINGS 400
#define FUNCTIONS 160
#define FUNCTION_BYTES 512
#define CALLS 20000
#define GENERATIONS 3

static long system_call6(long number, long first, long second, long third, long fourth, long fifth, long sixth)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = first;
	register long a1 __asm__("a1") = second;
	register long a2 __asm__("a2") = third;
	register long a3 __asm__("a3") = fourth;
	register long a4 __asm__("a4") = fifth;
	register long a5 __asm__("a5") = sixth;
	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
	return a0;
}

static uint8_t *map(uint64_t length, long protection)
{
	return (uint8_t *)system_call6(SYS_MMAP, 0, (long)length, protection, MAP_PRIVATE_ANONYMOUS, -1, 0);
}

static void unmap(uint8_t *area, uint64_t length)
{
	system_call6(SYS_MUNMAP, (long)area, (long)length, 0, 0, 0, 0);
}

/* Areas come and go in an order of their own; each page is touched. */
static uint64_t churn_mappings(uint32_t *random, uint64_t sum)
{
	static struct {
		uint8_t *start;
		uint64_t length;
	} areas[AREAS];
	for (uint32_t round = 0; round < MAPPINGS; round++) {
		uint32_t which = next_random(random) % AREAS;
		if (areas[which].start) {
			sum = checksum(sum, areas[which].start[areas[which].length - PAGE]);
			unmap(areas[which].start, areas[which].length);
		}
		uint64_t length = (1 + next_random(random) % 64) * PAGE;
		uint8_t *start = map(length, PROT_READ_WRITE);
		for (uint64_t at = 0; at < length; at += PAGE)
			start[at] = (uint8_t)(round + at / PAGE);
		areas[which].start = start;
		areas[which].length = length;
	}
	for (uint32_t which = 0; which < AREAS; which++) {
		if (areas[which].start)
			unmap(areas[which].start, areas[which].length);
		areas[which].start = 0;
	}
	return sum;
}

/* Encodings: The RISC-V Instruction Set Manual, Volume I, 20240411, "RV32/64G Instruction Set Listings". */
static uint32_t encode_immediate(uint32_t function, uint32_t rd, uint32_t rs1, uint32_t immediate)
{
	return (immediate & 0xfff) << 20 | rs1 << 15 | function << 12 | rd << 7 | 0x13;
}

/* uint64_t f(uint64_t value, uint64_t count): a few operations, chosen at random, `count` times. */
static void write_function(uint32_t *code, uint32_t *random)
{
	const uint32_t a0 = 10, a1 = 11, t0 = 5;
	uint32_t operations = 3 + next_random(random) % 24;
	uint32_t *at = code;
	for (uint32_t index = 0; index < operations; index++) {
		uint32_t choice = next_random(random);
		if (choice % 3 == 0)
			*at++ = encode_immediate(0, a0, a0, choice >> 8);
		else if (choice % 3 == 1)
			*at++ = encode_immediate(4, a0, a0, choice >> 8);
		else {
			*at++ = encode_immediate(5, t0, a0, 1 + (choice >> 8) % 63);
			*at++ = t0 << 20 | a0 << 15 | a0 << 7 | 0x33; /* add a0, a0, t0 */
		}
	}
	*at++ = encode_immediate(0, a1, a1, -1u);
	int32_t back = (int32_t)((code - at) * 4);
	uint32_t offset = (uint32_t)back;
	*at = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | a1 << 15 | 1 << 12 | (offset >> 1 & 0xf) << 8 |
	      (offset >> 11 & 1) << 7 | 0x63; /* bne a1, x0, code */
	at[1] = 0x00008067; /* ret */
}

static uint64_t churn_code(uint32_t *random, uint64_t sum)
{
	uint64_t length = FUNCTIONS * FUNCTION_BYTES;
	uint8_t *code = map(length, PROT_READ_WRITE_EXECUTE);
	for (uint32_t generation = 0; generation < GENERATIONS; generation++) {
		for (uint32_t index = 0; index < FUNCTIONS; index++)
			write_function((uint32_t *)(code + index * FUNCTION_BYTES), random);
		system_call6(SYS_RISCV_FLUSH_ICACHE, (long)code, (long)(code + length), 1, 0, 0, 0);
		for (uint32_t index = 0; index < FUNCTIONS; index++) {
			uint64_t (*function)(uint64_t, uint64_t) = (uint64_t(*)(uint64_t, uint64_t))(code + index * FUNCTION_BYTES);
			sum = checksum(sum, function(sum, CALLS));
		}
	}
	unmap(code, length);
	return sum;
}

uint64_t work(uint32_t n)
{
	if (n == 0)
		return 0;
	uint32_t random = n;
	uint64_t sum = churn_mappings(&random, CHECKSUM_START);
	return churn_code(&random, sum);
}
