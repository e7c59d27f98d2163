/* fib(n) by two recursive calls: calls, returns and the stack. */
#include "program.h"

static uint32_t fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t work(uint32_t n)
{
	return n == 0 ? 0 : fib(n);
}
