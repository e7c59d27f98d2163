/* Copies 16 MiB, eight bytes at a time, n times, each time from another offset. */
#include "program.h"

#define WORDS (16u * 1024 * 1024 / sizeof(uint64_t))
#define SPARE 64

static uint64_t source[WORDS + SPARE];
static uint64_t target[WORDS + SPARE];

__attribute__((noinline)) static void copy(uint64_t *to, const uint64_t *from, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		to[i] = from[i];
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	for (uint32_t i = 0; n > 0 && i < WORDS + SPARE; i++)
		source[i] = i * 0x9e3779b97f4a7c15u;
	for (uint32_t round = 0; round < n; round++) {
		copy(target + round % SPARE, source + (round * 7) % SPARE, WORDS);
		sum = checksum(sum, target[(round * 977u) % WORDS]);
	}
	return sum;
}
