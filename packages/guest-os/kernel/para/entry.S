/*
 * Trap entry and return without a privileged instruction: what happened stands in the shared-info page, which x0 reaches.
 * One hypercall ends a trap. While a trap is entered or left, events are masked, so the page's trap area is this trap's.
 */
#include "cpu.h"
#include "hypercall.h"

    .text
    .globl trap_entry
    .balign 4
trap_entry:
    sd tp, SHARED_SCRATCH(zero)
    la tp, cpu
    sd sp, CPU_SAVED_SP(tp)
    sd t0, CPU_SAVED_T0(tp)
    ld t0, SHARED_TRAP_FLAGS(zero)
    andi t0, t0, TRAP_USER
    beqz t0, from_kernel

    ld sp, CPU_FRAME(tp)
    sd x1, FRAME_REGISTER(1)(sp)
    sd x3, FRAME_REGISTER(3)(sp)
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, FRAME_REGISTER(\n)(sp)
    .endr
    ld t0, CPU_SAVED_SP(tp)
    ld t1, CPU_SAVED_T0(tp)
    ld t2, SHARED_SCRATCH(zero)
    ld t3, SHARED_TRAP_PC(zero)
    ld a1, SHARED_TRAP_CAUSE(zero)
    sd t0, FRAME_REGISTER(2)(sp)
    sd t1, FRAME_REGISTER(5)(sp)
    sd t2, FRAME_REGISTER(4)(sp)
    sd t3, FRAME_PC(sp)
    mv a0, sp
    call trap_from_user
    mv a0, sp

    .globl return_to_user
return_to_user:
    mv sp, a0
    ld t0, FRAME_PC(sp)
    ld t1, FRAME_REGISTER(17)(sp)
    li t2, TRAP_USER
    sd t0, SHARED_TRAP_PC(zero)
    sd t1, SHARED_IRET_A7(zero)
    sd t2, SHARED_TRAP_FLAGS(zero)
    ld x1, FRAME_REGISTER(1)(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, FRAME_REGISTER(\n)(sp)
    .endr
    ld x2, FRAME_REGISTER(2)(sp)
    li a7, HYPERCALL_iret
    ecall
    unimp

/* An event while the kernel ran: same stack, only what a C call may change. Events were not masked, and are not after it. */
from_kernel:
    ld t0, CPU_SAVED_T0(tp)
    addi sp, sp, -KERNEL_FRAME_SIZE
    sd ra, 0(sp)
    sd t0, 8(sp)
    sd t1, 16(sp)
    sd t2, 24(sp)
    sd t3, 32(sp)
    sd t4, 40(sp)
    sd t5, 48(sp)
    sd t6, 56(sp)
    sd a0, 64(sp)
    sd a1, 72(sp)
    sd a2, 80(sp)
    sd a3, 88(sp)
    sd a4, 96(sp)
    sd a5, 104(sp)
    sd a6, 112(sp)
    sd a7, 120(sp)
    ld a0, SHARED_TRAP_PC(zero)
    ld a1, SHARED_TRAP_CAUSE(zero)
    sd a0, 128(sp)
    call trap_from_kernel
    ld t0, 128(sp)
    ld t1, 120(sp)
    sd t0, SHARED_TRAP_PC(zero)
    sd t1, SHARED_IRET_A7(zero)
    sd zero, SHARED_TRAP_FLAGS(zero)
    ld ra, 0(sp)
    ld t0, 8(sp)
    ld t1, 16(sp)
    ld t2, 24(sp)
    ld t3, 32(sp)
    ld t4, 40(sp)
    ld t5, 48(sp)
    ld t6, 56(sp)
    ld a0, 64(sp)
    ld a1, 72(sp)
    ld a2, 80(sp)
    ld a3, 88(sp)
    ld a4, 96(sp)
    ld a5, 104(sp)
    ld a6, 112(sp)
    addi sp, sp, KERNEL_FRAME_SIZE
    li a7, HYPERCALL_iret
    ecall
    unimp
