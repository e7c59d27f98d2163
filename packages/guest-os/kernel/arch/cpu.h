/* The hart's own record and the registers saved on a trap. Offsets are shared with assembly and checked in trap.c. */
#pragma once

#define CPU_SAVED_SP 0
#define CPU_SAVED_T0 8
#define CPU_FRAME 16

#define FRAME_PC 0
#define FRAME_REGISTER(n) ((n)*8)
#define FRAME_SIZE 256

/* The part of a frame that an interrupt of the kernel itself needs: what a C call may change. */
#define KERNEL_FRAME_SIZE 144

#ifndef __ASSEMBLER__
#include "types.h"

struct process;

/* User registers. Index 0 has no register to hold and keeps the pc. */
struct trap_frame {
    union {
        u64 pc;
        u64 x[32];
    };
};

enum { REGISTER_SP = 2, REGISTER_TP = 4, REGISTER_A0 = 10, REGISTER_A7 = 17 };

struct cpu {
    u64 saved_sp;
    u64 saved_t0;
    struct trap_frame *frame; /* where the next trap from user mode saves the registers: top of the kernel stack */
    struct process *current;
    bool need_resched;
};

extern struct cpu cpu;

void trap_init(void);

/* Loads the frame's registers and continues in user mode. */
__attribute__((noreturn)) void return_to_user(struct trap_frame *frame);

/* Saves callee-saved registers on this stack and its pointer in `*save`, continues on the stack `load`. */
void switch_stack(u64 *save, u64 load);

/* A stack pointer for `switch_stack` that starts `entry` at `top`. */
u64 new_stack(u64 top, void (*entry)(void));
#endif
