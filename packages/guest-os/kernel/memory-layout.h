/*
 * The memory map, one place.
 *
 * Physical (QEMU "virt"): RAM from 0x80000000; firmware owns the first 2 MiB, the kernel is loaded at 0x80200000.
 *
 * Virtual, Sv39 (39-bit addresses, sign-extended):
 *   0x0000_0000_0000_0000 .. 0x0000_003f_ffff_ffff   user: program at 0x10000, heap after it, mmap area, stack at the top
 *   0xffff_ffc0_0000_0000 .. 0xffff_ffff_ffff_ffff   kernel: the direct map, virtual = physical + DIRECT_MAP
 * The kernel image runs inside the direct map, at 0xffff_ffc0_8020_0000.
 */
#pragma once

#define DIRECT_MAP 0xffffffc000000000
#define KERNEL_PHYSICAL 0x80200000
#define KERNEL_VIRTUAL (DIRECT_MAP + KERNEL_PHYSICAL)

#define USER_END 0x4000000000
#define USER_STACK_TOP (USER_END - 0x1000)
#define USER_STACK_SIZE 0x800000
#define USER_MMAP_BASE 0x2000000000

#define KERNEL_STACK_SIZE 4096 /* one frame a process, its lowest word a guard value */
