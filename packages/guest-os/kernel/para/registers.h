/* The registers that the kernel reads and writes by name, as the hypervisor offers them: shared memory in place of CSRs. */
#pragma once
#include "hypercall.h"

#ifndef __ASSEMBLER__
extern void trap_entry(void);

static inline u64 para_read_stval(void) {
    return shared_u64(SHARED_TRAP_VALUE);
}

/* Time since the domain began. */
static inline u64 para_read_time(void) {
    u64 now;
    asm volatile("rdtime %0" : "=r"(now));
    return now - shared_time->base;
}

static inline void para_set_sstatus(u64 bits) {
    if (bits & SSTATUS_SIE) upcall_unmask();
}

static inline void para_clear_sstatus(u64 bits) {
    if (bits & SSTATUS_SIE) upcall_mask();
}

static inline u64 para_read_clear_sstatus(u64 bits) {
    u64 status = shared_u32(SHARED_UPCALL_MASK) == 0 ? SSTATUS_SIE : 0;
    para_clear_sstatus(bits);
    return status;
}

static inline void para_write_stvec(u64 entry) {
    u64 table[4] = {entry, entry, entry, entry}; /* system call, page fault, exception, event */
    hypercall2(HYPERCALL_set_trap_table, (u64)table, 0);
}

/* The trap entry finds `cpu` by its address, events are masked at start, and ports are bound one by one. */
static inline void para_write_sscratch(u64 value) {
    (void)value;
}
#define para_write_sstatus para_write_sscratch
#define para_write_sie para_write_sscratch

#define csr_read(name) para_read_##name()
#define csr_write(name, value) para_write_##name((u64)(value))
#define csr_set(name, bits) para_set_##name(bits)
#define csr_clear(name, bits) para_clear_##name(bits)
#define csr_read_clear(name, bits) para_read_clear_##name(bits)
#endif
