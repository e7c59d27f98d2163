/*
 * Trap entry and return. sscratch always holds &cpu while no trap is being entered, and so does tp in the kernel.
 *
 * CSR accesses are few on purpose (5 in, 2 out, sret): each one traps when the kernel itself is de-privileged. sstatus
 * is never written here: outside a trap of the kernel, SPP is 0 and SPIE 1, because the hart traps from user mode with
 * interrupts on, and because the sret that ends an interrupt of the kernel leaves exactly that (Privileged 1.12,
 * section 4.1.1).
 */
#include "cpu.h"
#include "csr.h"

    .text
    .globl trap_entry
    .balign 4
trap_entry:
    csrrw tp, sscratch, tp
    sd sp, CPU_SAVED_SP(tp)
    sd t0, CPU_SAVED_T0(tp)
    csrr t0, sstatus
    andi t0, t0, SSTATUS_SPP
    bnez t0, from_kernel

    ld sp, CPU_FRAME(tp)
    sd x1, FRAME_REGISTER(1)(sp)
    sd x3, FRAME_REGISTER(3)(sp)
    .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, FRAME_REGISTER(\n)(sp)
    .endr
    ld t0, CPU_SAVED_SP(tp)
    ld t1, CPU_SAVED_T0(tp)
    csrrw t2, sscratch, tp
    csrr t3, sepc
    csrr a1, scause
    sd t0, FRAME_REGISTER(2)(sp)
    sd t1, FRAME_REGISTER(5)(sp)
    sd t2, FRAME_REGISTER(4)(sp)
    sd t3, FRAME_PC(sp)
    mv a0, sp
    call trap_from_user
    mv a0, sp

    .globl return_to_user
return_to_user:
    ld t0, FRAME_PC(a0)
    csrw sepc, t0
    mv sp, a0
    ld x1, FRAME_REGISTER(1)(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, FRAME_REGISTER(\n)(sp)
    .endr
    ld x2, FRAME_REGISTER(2)(sp)
    sret

/* An interrupt of the kernel: same stack, only what a C call may change. sscratch held &cpu already. */
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
    csrr t0, sepc
    sd t0, 128(sp)
    mv a0, t0
    csrr a1, scause
    call trap_from_kernel
    ld t0, 128(sp)
    csrw sepc, t0
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
    ld a7, 120(sp)
    addi sp, sp, KERNEL_FRAME_SIZE
    sret
