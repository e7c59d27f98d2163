/* Changing from one kernel stack to another: no privileged instruction here. */
#include "cpu.h"

#define SWITCH_FRAME_SIZE 112

    .text
    .globl switch_stack
switch_stack:
    addi sp, sp, -SWITCH_FRAME_SIZE
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    sd s5, 48(sp)
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    sd s9, 80(sp)
    sd s10, 88(sp)
    sd s11, 96(sp)
    sd sp, 0(a0)
    mv sp, a1
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    ld s5, 48(sp)
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    ld s9, 80(sp)
    ld s10, 88(sp)
    ld s11, 96(sp)
    addi sp, sp, SWITCH_FRAME_SIZE
    ret

/* u64 new_stack(u64 top, void (*entry)(void)): the frame that switch_stack takes off, with `entry` as return address. */
    .globl new_stack
new_stack:
    addi a0, a0, -SWITCH_FRAME_SIZE
    sd a1, 0(a0)
    ret
