/*
 * The hypervisor interface as the guest kernel uses it; packages/vmm-para/ABI.md says what each call does. A test checks the
 * numbers against the hypervisor's own table. Numbers follow Xen's public interface (xen/include/public/xen.h).
 */
#pragma once

#define HYPERCALL_set_trap_table 0
#define HYPERCALL_mmu_update 1
#define HYPERCALL_multicall 13
#define HYPERCALL_set_timer_op 15
#define HYPERCALL_console_io 18
#define HYPERCALL_grant_table_op 20
#define HYPERCALL_iret 23
#define HYPERCALL_mmuext_op 26
#define HYPERCALL_sched_op 29
#define HYPERCALL_event_channel_op 32

#define MMUEXT_PIN_L1_TABLE 0
#define MMUEXT_PIN_L2_TABLE 1
#define MMUEXT_PIN_L3_TABLE 2
#define MMUEXT_UNPIN_TABLE 4
#define MMUEXT_NEW_BASEPTR 5
#define MMUEXT_TLB_FLUSH 6
#define MMUEXT_INVLPG 7
#define MMUEXT_NEW_USER_BASEPTR 15

#define SCHEDOP_YIELD 0
#define SCHEDOP_BLOCK 1
#define SCHEDOP_SHUTDOWN 2

#define EVTCHNOP_BIND_INTERDOMAIN 0
#define EVTCHNOP_BIND_VIRQ 1
#define EVTCHNOP_CLOSE 3
#define EVTCHNOP_SEND 4
#define EVTCHNOP_STATUS 5
#define EVTCHNOP_ALLOC_UNBOUND 6
#define EVTCHNOP_UNMASK 9

#define CONSOLEIO_WRITE 0
#define CONSOLEIO_READ 1

#define VIRQ_TIMER 0
#define VIRQ_CONSOLE 2

#define TRAP_USER 1
#define TRAP_MASKED 2

/* The shared-info page is the last one, so its upper half is within reach of an offset from x0. */
#define SHARED_INFO 0xfffffffffffff000
#define SHARED_FAST(offset) ((offset) - 0x1000)
#define SHARED_UPCALL_MASK SHARED_FAST(0x800)
#define SHARED_UPCALL_PENDING SHARED_FAST(0x804)
#define SHARED_EVENT_PENDING SHARED_FAST(0x808)
#define SHARED_EVENT_MASK SHARED_FAST(0x810)
#define SHARED_TRAP_PC SHARED_FAST(0x818)
#define SHARED_TRAP_FLAGS SHARED_FAST(0x820)
#define SHARED_TRAP_CAUSE SHARED_FAST(0x828)
#define SHARED_TRAP_VALUE SHARED_FAST(0x830)
#define SHARED_IRET_A7 SHARED_FAST(0x838)
#define SHARED_SCRATCH SHARED_FAST(0x840)

#ifndef __ASSEMBLER__
#include "types.h"

/* Machine-independent start of the page: where time begins. */
struct shared_time {
    u64 base, frequency;
};
#define shared_time ((volatile const struct shared_time *)SHARED_INFO)
#define shared_u64(field) (*(volatile u64 *)(long)(field))
#define shared_u32(field) (*(volatile u32 *)(long)(field))

struct start_info {
    char magic[8];
    u64 frame_count, first_frame, virtual_base;
    u64 shared_info, root_frame, direct_map_table;
    u64 initrd, initrd_size;
    u64 time_frequency, console;
    u8 reserved[0x400 - 0x58];
    char command_line[1024];
};

struct mmu_update {
    u64 entry, value; /* machine address of a page-table entry, what it shall be */
};

struct mmuext_op {
    u64 command, argument;
};

struct multicall {
    u64 number;
    long result;
    u64 arguments[6];
};

static inline long hypercall3(u64 number, u64 first, u64 second, u64 third) {
    register u64 a0 asm("a0") = first;
    register u64 a1 asm("a1") = second;
    register u64 a2 asm("a2") = third;
    register u64 a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return (long)a0;
}

static inline long hypercall2(u64 number, u64 first, u64 second) {
    return hypercall3(number, first, second, 0);
}

static inline void upcall_mask(void) {
    shared_u32(SHARED_UPCALL_MASK) = 1;
    asm volatile("" ::: "memory");
}

/* An event that came while they were masked is delivered by the next hypercall, whichever it is. */
static inline void upcall_unmask(void) {
    asm volatile("" ::: "memory");
    shared_u32(SHARED_UPCALL_MASK) = 0;
    if (shared_u32(SHARED_UPCALL_PENDING) != 0) hypercall2(HYPERCALL_event_channel_op, EVTCHNOP_STATUS, 0);
}
#endif
