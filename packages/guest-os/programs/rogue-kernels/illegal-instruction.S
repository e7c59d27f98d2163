/* Executes an illegal instruction with no trap handler: stvec is 0. */
#include "rogue.h"
ROGUE_KERNEL
    csrw stvec, zero
    unimp
1:  j 1b
