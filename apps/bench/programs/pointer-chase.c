/*
 * n times 65,536 dependent loads through 16 MiB in no order that a prefetcher could guess: each of 4 Mi cells names the
 * next. A linear congruential generator of full period (Knuth, TAOCP 2, 3.2.1.2, theorem A) makes one cycle of them all.
 */
#include "program.h"

#define CELLS (16u * 1024 * 1024 / sizeof(uint32_t))
#define STEPS 65536

static uint32_t next[CELLS];

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	uint32_t at = 0;
	for (uint32_t i = 0; n > 0 && i < CELLS; i++)
		next[i] = (i * 1664525u + 1013904223u) % CELLS;
	for (uint32_t round = 0; round < n; round++) {
		for (uint32_t step = 0; step < STEPS; step++)
			at = next[at];
		sum = checksum(sum, at);
	}
	return sum;
}
