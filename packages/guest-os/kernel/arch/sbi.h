/* Calls to the firmware (RISC-V Supervisor Binary Interface 2.0). */
#pragma once
#include "types.h"

void sbi_set_timer(u64 deadline);
void sbi_console_putchar(char c);
__attribute__((noreturn)) void sbi_shutdown(bool failed);
