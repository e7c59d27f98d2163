/* Quicksort (Hoare's partition, recursion into the smaller part, insertion sort below 12) of 262,144 numbers, n times. */
#include "program.h"

#define COUNT 262144
#define SMALL 12

static int32_t numbers[COUNT];

static void insertion_sort(int32_t *low, int32_t *high)
{
	for (int32_t *at = low + 1; at <= high; at++) {
		int32_t value = *at;
		int32_t *hole = at;
		while (hole > low && hole[-1] > value) {
			*hole = hole[-1];
			hole--;
		}
		*hole = value;
	}
}

static void quicksort(int32_t *low, int32_t *high)
{
	while (high - low >= SMALL) {
		int32_t pivot = low[(high - low) / 2];
		int32_t *left = low;
		int32_t *right = high;
		while (left <= right) {
			while (*left < pivot)
				left++;
			while (*right > pivot)
				right--;
			if (left <= right) {
				int32_t swapped = *left;
				*left++ = *right;
				*right-- = swapped;
			}
		}
		if (right - low < high - left) {
			quicksort(low, right);
			low = left;
		} else {
			quicksort(left, high);
			high = right;
		}
	}
	insertion_sort(low, high);
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	uint32_t seed = 42;
	for (uint32_t round = 0; round < n; round++) {
		for (uint32_t i = 0; i < COUNT; i++)
			numbers[i] = (int32_t)next_random(&seed);
		quicksort(numbers, numbers + COUNT - 1);
		for (uint32_t i = 0; i < COUNT; i += 61)
			sum = checksum(sum, (uint32_t)numbers[i]);
	}
	return sum;
}
