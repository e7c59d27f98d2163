/* Writes to the firmware's memory, below itself, and reads back what a VMM or the PMP must not have let through. */
#include "rogue.h"
ROGUE_KERNEL
    li t0, 0x80000000
    li t1, 64
1:  sd zero, 0(t0)
    addi t0, t0, 8
    addi t1, t1, -1
    bnez t1, 1b
2:  j 2b
