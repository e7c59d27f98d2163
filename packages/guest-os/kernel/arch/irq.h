/*
 * Interrupt masking. The kernel runs with interrupts off on trap entry and on them during system calls; data shared with
 * interrupt handlers (console input, ticks, wait queues, the run queue) is touched between save and restore.
 */
#pragma once
#include "csr.h"
#include "types.h"

typedef u64 irq_state;

/* Turns interrupts off; the result says whether they were on and goes to `local_irq_restore`. */
static inline irq_state local_irq_save(void) {
    return csr_read_clear(sstatus, SSTATUS_SIE) & SSTATUS_SIE;
}

static inline void local_irq_restore(irq_state state) {
    if (state != 0) csr_set(sstatus, SSTATUS_SIE);
}

static inline void local_irq_enable(void) {
    csr_set(sstatus, SSTATUS_SIE);
}

static inline void local_irq_disable(void) {
    csr_clear(sstatus, SSTATUS_SIE);
}

/* Waits for an interrupt and handles it. Called, and returns, with interrupts off. */
static inline void cpu_idle(void) {
#ifdef CONFIG_PARAVIRT
    hypercall2(HYPERCALL_sched_op, SCHEDOP_BLOCK, 0); /* unmasks and waits, as one step */
#else
    asm volatile("wfi" ::: "memory"); /* a pending interrupt ends it even when masked (Privileged 1.12, section 3.3.3) */
    local_irq_enable();
#endif
    local_irq_disable();
}
