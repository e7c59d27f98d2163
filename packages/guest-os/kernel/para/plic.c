/* Event channels take the interrupt controller's place. */
#include "plic.h"

#include "board.h"
#include "console.h"
#include "para/hypercall.h"
#include "print.h"
#include "timer.h"

static u64 timer_events, console_events;

static u64 bind(u64 virq) {
    long port = hypercall2(HYPERCALL_event_channel_op, EVTCHNOP_BIND_VIRQ, virq);
    if (port <= 0) panic("cannot bind virtual interrupt %lu: %ld", virq, port);
    return 1UL << port;
}

void plic_init(void) {
    timer_events = bind(VIRQ_TIMER);
    console_events = bind(VIRQ_CONSOLE);
}

/* The upcall: all events that are pending. */
void plic_interrupt(void) {
    shared_u32(SHARED_UPCALL_PENDING) = 0;
    u64 pending = shared_u64(SHARED_EVENT_PENDING);
    shared_u64(SHARED_EVENT_PENDING) = 0;
    if (pending & timer_events) timer_interrupt();
    if (pending & console_events) console_interrupt();
}
