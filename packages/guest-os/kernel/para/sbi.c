/* There is no firmware. The one call that others still make here is for the timer. */
#include "sbi.h"

#include "para/hypercall.h"

void sbi_set_timer(u64 deadline) {
    hypercall2(HYPERCALL_set_timer_op, deadline + shared_time->base, 0);
}
