/* Address-space identifiers: with one a process, a switch leaves the TLB alone. */
#pragma once
#include "types.h"

void asid_init(void);
/* 1 or above, or 0 when the hart has none left. Nothing in the TLB carries it. */
u32 asid_alloc(void);
void asid_free(u32 asid);
