/*
 * Entry with translation on: a0 = virtual address of start_info. The domain builder loads the image as its header says and
 * maps all memory from the virtual base on.
 */
#include "cpu.h"
#include "memory-layout.h"

#define RAM_PHYSICAL 0x80000000 /* as if it were the board's: the image has the same virtual addresses in both builds */

    .section .text.boot, "ax"
    .globl _start
_start:
    .ascii "WSPARAK1"
    .dword DIRECT_MAP + RAM_PHYSICAL
    .dword start
    .dword kernel_start
    .dword rodata_end         /* writable from here on */
    .dword kernel_end

start:
    mv a1, a0
    li a0, 0
    la sp, boot_stack_top
    la tp, cpu
    call kernel_main
    unimp

    .section .bss
    .balign 4096
    .skip 4096
boot_stack_top:
