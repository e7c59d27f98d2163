/* Characters out and in. Meaning (lines, echo, end of file) is the tty's. */
#pragma once
#include "types.h"

void console_init(void);
void console_write(const char *text, size_t count);
/* Passes received characters to tty_input for as long as it has room. Interrupts off. */
void console_interrupt(void);
