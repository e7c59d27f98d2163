/* Control and status registers (RISC-V Privileged Architecture 1.12, chapter 10). Used in arch/ only. */
#pragma once

#define SSTATUS_SIE (1 << 1)
#define SSTATUS_SPIE (1 << 5)
#define SSTATUS_SPP (1 << 8)

#define SIE_STIE (1 << 5)
#define SIE_SEIE (1 << 9)

#define CAUSE_INTERRUPT (1UL << 63)
#define INTERRUPT_TIMER 5
#define INTERRUPT_EXTERNAL 9

#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_USER_ECALL 8
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15

#define SATP_SV39 (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK (0xffffUL << SATP_ASID_SHIFT)

#ifdef CONFIG_PARAVIRT
#include "para/registers.h"
#elif !defined(__ASSEMBLER__)
#define csr_read(name)                                                                                                 \
    ({                                                                                                                 \
        unsigned long csr_value;                                                                                       \
        asm volatile("csrr %0, " #name : "=r"(csr_value)::"memory");                                                   \
        csr_value;                                                                                                     \
    })
#define csr_write(name, value) asm volatile("csrw " #name ", %0" ::"rK"((unsigned long)(value)) : "memory")
#define csr_set(name, bits) asm volatile("csrs " #name ", %0" ::"rK"((unsigned long)(bits)) : "memory")
#define csr_clear(name, bits) asm volatile("csrc " #name ", %0" ::"rK"((unsigned long)(bits)) : "memory")
#define csr_read_clear(name, bits)                                                                                     \
    ({                                                                                                                 \
        unsigned long csr_value;                                                                                       \
        asm volatile("csrrc %0, " #name ", %1" : "=r"(csr_value) : "rK"((unsigned long)(bits)) : "memory");            \
        csr_value;                                                                                                     \
    })
#endif
