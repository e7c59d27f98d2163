#include "schedule.h"

#include "arch/irq.h"
#include "print.h"
#include "process.h"
#include "signal.h"

#define STACK_GUARD 0x5afe57acc0ffee11UL

static struct process *queue_first, *queue_last;

static void append(struct process *process) {
    process->next = NULL;
    if (queue_first == NULL) {
        queue_first = process;
    } else {
        queue_last->next = process;
    }
    queue_last = process;
}

void make_runnable(struct process *process) {
    irq_state state = local_irq_save();
    process->state = RUNNABLE;
    *(u64 *)process->stack = STACK_GUARD;
    append(process);
    local_irq_restore(state);
}

bool is_anyone_runnable(void) {
    return queue_first != NULL;
}

static struct process *take_next(void) {
    while (queue_first == NULL) cpu_idle();
    struct process *next = queue_first;
    queue_first = next->next;
    return next;
}

void schedule(void) {
    static u64 boot_stack_pointer;
    struct process *previous = current;
    cpu.need_resched = false;
    if (previous != NULL) {
        if (*(u64 *)previous->stack != STACK_GUARD) panic("kernel stack of process %d overflowed", previous->pid);
        if (previous->state == RUNNABLE) append(previous);
    }
    struct process *next = take_next();
    if (next == previous) return;
    current = next;
    cpu.frame = process_frame(next);
    pagetable_activate(&next->vm.pagetable);
    switch_stack(previous == NULL ? &boot_stack_pointer : &previous->stack_pointer, next->stack_pointer);
}

void yield(void) {
    irq_state state = local_irq_save();
    schedule();
    local_irq_restore(state);
}

void leave_kernel(void) {
    while (cpu.need_resched) schedule();
    if (current->pending_signal != 0) die_of_signal(current->pending_signal);
}

bool wait_on(struct wait_queue *queue) {
    if (current->pending_signal != 0) return false;
    current->state = BLOCKED;
    current->waits_in = queue;
    current->next = queue->first;
    queue->first = current;
    schedule();
    return current->pending_signal == 0;
}

void wake_all(struct wait_queue *queue) {
    irq_state state = local_irq_save();
    struct process *process = queue->first;
    queue->first = NULL;
    while (process != NULL) {
        struct process *next = process->next;
        process->waits_in = NULL;
        make_runnable(process);
        process = next;
    }
    local_irq_restore(state);
}

void wake_process(struct process *process) {
    irq_state state = local_irq_save();
    if (process->state == BLOCKED) {
        struct process **link = &process->waits_in->first;
        while (*link != process) link = &(*link)->next;
        *link = process->next;
        process->waits_in = NULL;
        make_runnable(process);
    }
    local_irq_restore(state);
}
