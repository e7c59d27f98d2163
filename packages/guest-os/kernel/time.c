#include "time.h"

#include "arch/irq.h"
#include "arch/timer.h"
#include "board.h"
#include "errno.h"
#include "process.h"
#include "schedule.h"

#define NANOSECONDS 1000000000UL

static struct wait_queue sleepers;

void tick(void) {
    if (sleepers.first != NULL) wake_all(&sleepers);
    if (is_anyone_runnable()) cpu.need_resched = true;
}

u64 nanoseconds_since_boot(void) {
    u64 now = timer_now(), whole = now / board.timebase;
    return whole * NANOSECONDS + (now - whole * board.timebase) * NANOSECONDS / board.timebase;
}

/* Each tick wakes all sleepers to look at the clock: few processes, little code. */
long sleep_nanoseconds(u64 duration) {
    u64 end = nanoseconds_since_boot() + duration;
    while (nanoseconds_since_boot() < end) {
        irq_state state = local_irq_save();
        bool is_woken = wait_on(&sleepers);
        local_irq_restore(state);
        if (!is_woken) return -EINTR;
    }
    return 0;
}
