#include "signal.h"

#include "print.h"
#include "process.h"

static bool does_nothing_by_default(u32 signal) {
    return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH ||
           (signal >= SIGSTOP && signal <= SIGTTOU); /* nobody could continue a stopped process here */
}

void send_signal(struct process *process, u32 signal) {
    if (does_nothing_by_default(signal)) return;
    if (signal != SIGKILL && process->ignored_signals >> (signal - 1) & 1) return;
    if (process->state == ZOMBIE || process->pending_signal == SIGKILL) return;
    process->pending_signal = signal;
    wake_process(process);
}

void signal_foreground(u32 signal) {
    for (u32 slot = 0; slot < MOST_PROCESSES; slot++) {
        struct process *process = process_at(slot);
        if (process != NULL && process->pid != 1) send_signal(process, signal);
    }
}

void die_of_signal(u32 signal) {
    printk("%s (process %d) ended by signal %u\n", current->name, current->pid, signal);
    process_exit((s32)signal);
}

u32 shell_status(s32 wait_status) {
    u32 signal = wait_status & 0x7f;
    return signal != 0 ? 128 + signal : (u32)wait_status >> 8 & 0xff;
}
