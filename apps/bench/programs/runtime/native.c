/* The program as a process of the machine that measures: the baseline. */
#include <stdio.h>
#include <stdlib.h>
#include "../program.h"

int main(int count, char **arguments)
{
	if (count != 2)
		return 2;
	printf("checksum %016llx\n", (unsigned long long)work((uint32_t)strtoul(arguments[1], 0, 10)));
	return 0;
}
