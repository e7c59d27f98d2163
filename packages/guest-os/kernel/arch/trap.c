/* The trap path: what happened, who handles it. Entered from entry.S with interrupts off. */
#include "console.h"
#include "cpu.h"
#include "csr.h"
#include "fault.h"
#include "irq.h"
#include "pagetable.h"
#include "plic.h"
#include "print.h"
#include "schedule.h"
#include "signal.h"
#include "syscall.h"
#include "timer.h"

_Static_assert(offsetof(struct cpu, saved_sp) == CPU_SAVED_SP, "entry.S");
_Static_assert(offsetof(struct cpu, saved_t0) == CPU_SAVED_T0, "entry.S");
_Static_assert(offsetof(struct cpu, frame) == CPU_FRAME, "entry.S");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "entry.S");

struct cpu cpu;

extern void trap_entry(void);

void trap_init(void) {
    csr_write(sscratch, &cpu);
    csr_write(stvec, trap_entry);
    csr_write(sstatus, SSTATUS_SPIE); /* SPP = 0: see entry.S */
    csr_write(sie, SIE_STIE | SIE_SEIE);
}

static void interrupt(u64 cause) {
    switch (cause & ~CAUSE_INTERRUPT) {
    case INTERRUPT_TIMER: timer_interrupt(); break;
    case INTERRUPT_EXTERNAL: plic_interrupt(); break;
    default: panic("unexpected interrupt %lu", cause & ~CAUSE_INTERRUPT);
    }
}

static void user_exception(u64 cause) {
    switch (cause) {
    case CAUSE_FETCH_PAGE: user_page_fault(csr_read(stval), ACCESS_EXECUTE); break;
    case CAUSE_LOAD_PAGE: user_page_fault(csr_read(stval), ACCESS_READ); break;
    case CAUSE_STORE_PAGE: user_page_fault(csr_read(stval), ACCESS_WRITE); break;
    case CAUSE_ILLEGAL: user_exception_signal(SIGILL); break;
    case CAUSE_BREAKPOINT: user_exception_signal(SIGTRAP); break;
    case CAUSE_LOAD_MISALIGNED:
    case CAUSE_STORE_MISALIGNED: user_exception_signal(SIGBUS); break;
    default: user_exception_signal(SIGSEGV); break;
    }
}

void trap_from_user(struct trap_frame *frame, u64 cause) {
    if (cause == CAUSE_USER_ECALL) {
        frame->pc += 4;
        local_irq_enable();
        syscall_dispatch(frame);
        local_irq_disable();
    } else if (cause & CAUSE_INTERRUPT) {
        interrupt(cause);
    } else {
        user_exception(cause);
    }
    leave_kernel();
}

void trap_from_kernel(u64 pc, u64 cause) {
    if (!(cause & CAUSE_INTERRUPT)) {
        panic("exception %lu in the kernel at %p, value %p", cause, (void *)pc, (void *)csr_read(stval));
    }
    interrupt(cause);
}
