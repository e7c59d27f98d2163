/* Writes to the UART forever. */
#include "rogue.h"
ROGUE_KERNEL
    li t0, UART
    li t1, '!'
1:  sb t1, 0(t0)
    j 1b
