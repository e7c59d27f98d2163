/* The terminal: lines from characters. */
#pragma once
#include "file.h"

extern const struct file_operations tty_operations;

void tty_init(void);
/* A file for descriptors 0 to 2 of init. */
struct file *tty_open(void);
/* One received character, in the interrupt handler. */
void tty_input(char c);
/* False: further characters may wait in the device; the tty calls `console_interrupt` when it has taken some. */
bool tty_has_room(void);
/* TCGETS, TCSETS*, TIOCGWINSZ; -ENOTTY for others. */
long tty_control(u64 request, u64 argument);
