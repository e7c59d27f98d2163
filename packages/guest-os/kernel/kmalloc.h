/* Small kernel objects, 16 to 2048 bytes. The caller names the size again when it gives the object back. */
#pragma once
#include "types.h"

void *kmalloc(size_t size); /* zeroed, or NULL when memory is exhausted */
void kfree(void *object, size_t size);
