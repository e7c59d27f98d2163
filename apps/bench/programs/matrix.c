/* Product of two 192 x 192 matrices of 32-bit integers in the textbook's order, n times. */
#include "program.h"

#define SIZE 192

static uint32_t left[SIZE][SIZE];
static uint32_t right[SIZE][SIZE];
static uint32_t product[SIZE][SIZE];

static void multiply(void)
{
	for (uint32_t row = 0; row < SIZE; row++)
		for (uint32_t column = 0; column < SIZE; column++) {
			uint32_t sum = 0;
			for (uint32_t k = 0; k < SIZE; k++)
				sum += left[row][k] * right[k][column];
			product[row][column] = sum;
		}
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	uint32_t seed = 7;
	for (uint32_t row = 0; n > 0 && row < SIZE; row++)
		for (uint32_t column = 0; column < SIZE; column++) {
			left[row][column] = next_random(&seed);
			right[row][column] = next_random(&seed);
		}
	for (uint32_t round = 0; round < n; round++) {
		multiply();
		for (uint32_t row = 0; row < SIZE; row++)
			for (uint32_t column = 0; column < SIZE; column++) {
				sum = checksum(sum, product[row][column]);
				left[row][column] ^= product[row][column];
			}
	}
	return sum;
}
