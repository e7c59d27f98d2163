#pragma once
#include "types.h"

/* The timer's tick, in its interrupt handler: time slices and sleepers. */
void tick(void);

u64 nanoseconds_since_boot(void);
/* 0, or -EINTR when a signal came first. */
long sleep_nanoseconds(u64 duration);
