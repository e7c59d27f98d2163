/* Page tables that the hypervisor has validated are changed by hypercall; all others are ordinary memory. */
#pragma once
#include "types.h"

struct start_info;
void mmu_init(const struct start_info *info);
