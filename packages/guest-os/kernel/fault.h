/* Exceptions of user programs. */
#pragma once
#include "types.h"

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* Provides the page or marks the process for SIGSEGV (SIGKILL when memory is exhausted). */
void user_page_fault(u64 address, enum access access);
void user_exception_signal(u32 signal);
