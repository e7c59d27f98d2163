/* Interrupts off, loops. */
#include "rogue.h"
ROGUE_KERNEL
    csrci sstatus, 2
1:  j 1b
