#pragma once
#include "types.h"

#define TICKS_PER_SECOND 100

void timer_init(void);
void timer_interrupt(void);

/* Time since power-on in timebase ticks (`board.timebase` a second). */
u64 timer_now(void);
