/*
 * What the nine programs share. Each defines `work`: its checksum depends on every step of it, so that nothing can be
 * left out, and is the same wherever it is compiled: integers wrap, doubles are IEEE 754 without contraction.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdint.h>

/** Does the work of size n and returns its checksum; n = 0 does nothing, which measures the start-up around it. */
uint64_t work(uint32_t n);

/** One step of FNV-1a over a 64-bit value (offset basis and prime of the 64-bit variant). */
#define CHECKSUM_START 0xcbf29ce484222325u
static inline uint64_t checksum(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * 0x100000001b3u;
}

/** Marsaglia's xorshift32, "Xorshift RNGs" (2003). The state must not be 0. */
static inline uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

static inline uint64_t bits_of(double value)
{
	union {
		double number;
		uint64_t bits;
	} both = {.number = value};
	return both.bits;
}

#endif
