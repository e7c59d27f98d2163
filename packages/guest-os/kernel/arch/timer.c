/* The tick: the firmware's timer, set one deadline at a time. */
#include "timer.h"

#include "board.h"
#include "csr.h"
#include "sbi.h"
#include "time.h"

static u64 deadline;

u64 timer_now(void) {
    return csr_read(time);
}

static void set_next(void) {
    u64 interval = board.timebase / TICKS_PER_SECOND, now = timer_now();
    deadline += interval;
    if (deadline <= now) deadline = now + interval; /* the hart was away: no burst of late ticks */
    sbi_set_timer(deadline);
}

void timer_init(void) {
    deadline = timer_now();
    set_next();
}

void timer_interrupt(void) {
    set_next();
    tick();
}
