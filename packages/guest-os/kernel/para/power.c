#include "power.h"

#include "para/hypercall.h"

void power_off(u32 code) {
    for (;;) hypercall2(HYPERCALL_sched_op, SCHEDOP_SHUTDOWN, code);
}
