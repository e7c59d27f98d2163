#pragma once
#include "types.h"

/* Ends the machine with an exit code, 0 to 255. */
__attribute__((noreturn)) void power_off(u32 code);
