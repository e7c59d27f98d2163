/* Escape times of the Mandelbrot set on n x n points of [-2, 0.5] x [-1.25, 1.25], at most 200 iterations, doubles. */
#include "program.h"

#define LIMIT 200

static uint32_t escape_time(double cx, double cy)
{
	double x = 0, y = 0;
	uint32_t count = 0;
	while (count < LIMIT) {
		double xx = x * x;
		double yy = y * y;
		if (xx + yy > 4)
			break;
		y = 2 * x * y + cy;
		x = xx - yy + cx;
		count++;
	}
	return count;
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	for (uint32_t row = 0; row < n; row++)
		for (uint32_t column = 0; column < n; column++)
			sum = checksum(sum, escape_time(-2 + 2.5 * column / n, -1.25 + 2.5 * row / n));
	return sum;
}
