/*
 * Entry with translation off: a0 = hart, a1 = physical address of the device tree (Linux "boot/riscv" protocol). Maps
 * the first 8 GiB of the direct map with gigapages, jumps up into it and calls kernel_main(hart, device tree).
 */
#include "cpu.h"
#include "csr.h"
#include "memory-layout.h"

#define GIGAPAGE 0xef /* D A G X W R V */
#define BOOT_GIGAPAGES 8

    .section .text.boot, "ax"
    .globl _start
_start:
    /* Image header, Linux Documentation/arch/riscv/boot-image-header.rst version 0.2 */
    .option push
    .option norvc
    j start
    .word 0
    .option pop
    .dword 0x200000           /* load offset from the start of RAM */
    .dword image_size
    .dword 0                  /* little-endian */
    .word 2
    .word 0
    .dword 0
    .dword 0x5643534952       /* "RISCV" */
    .word 0x05435352          /* "RSC\x05" */
    .word 0

start:
    csrw sie, zero
    la t0, bss_start
    la t1, kernel_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

    /* Root entries 256..263 map physical 0..8 GiB; one more maps this code at its physical address. */
    la t0, boot_root
    li t1, GIGAPAGE
    li t2, BOOT_GIGAPAGES
    li t3, 1 << 28            /* one gigapage further, in PTE terms: (1 << 30) >> 12 << 10 */
    li t4, 256 * 8
    add t4, t4, t0
2:  sd t1, 0(t4)
    add t1, t1, t3
    addi t4, t4, 8
    addi t2, t2, -1
    bnez t2, 2b
    la t1, _start
    srli t1, t1, 30
    slli t2, t1, 28
    ori t2, t2, GIGAPAGE
    slli t1, t1, 3
    add t1, t1, t0
    sd t2, 0(t1)

    li t1, SATP_SV39
    srli t0, t0, 12
    or t0, t0, t1
    la t1, high
    li t2, DIRECT_MAP
    add t1, t1, t2
    sfence.vma
    csrw satp, t0
    jr t1

high:
    la sp, boot_stack_top
    la tp, cpu
    call kernel_main
    unimp

    .section .bss
    .balign 4096
boot_root:
    .skip 4096
    .skip 4096
boot_stack_top:
