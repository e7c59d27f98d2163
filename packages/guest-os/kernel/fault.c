#include "fault.h"

#include "print.h"
#include "process.h"
#include "signal.h"

/* A fault cannot be ignored: the instruction would fault again. */
void user_exception_signal(u32 signal) {
    current->ignored_signals &= ~(1UL << (signal - 1));
    send_signal(current, signal);
}

void user_page_fault(u64 address, enum access access) {
    lazy_mmu_begin();
    u32 signal = vm_fault(&current->vm, address, access);
    lazy_mmu_end();
    if (signal == 0) return;
    printk("%s (process %d): bad access to %p at pc %p\n", current->name, current->pid, (void *)address,
           (void *)process_frame(current)->pc);
    user_exception_signal(signal);
}
