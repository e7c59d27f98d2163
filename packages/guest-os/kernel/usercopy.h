/* Access to user memory. It goes through the page table and the direct map, so no user mapping is ever dereferenced. */
#pragma once
#include "types.h"

/* 0 or -EFAULT; missing pages are provided on the way. */
long copy_from_user(void *to, u64 from, size_t count);
long copy_to_user(u64 to, const void *from, size_t count);
/* Copies a zero-terminated string; its length, -EFAULT, or -ENAMETOOLONG when it does not fit in `size`. */
long copy_string_from_user(char *to, u64 from, size_t size);
