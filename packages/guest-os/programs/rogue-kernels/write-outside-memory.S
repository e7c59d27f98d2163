/* Writes past the end of any RAM the board can have, with no trap handler. */
#include "rogue.h"
ROGUE_KERNEL
    li t0, 0x7000000000
    sd t0, 0(t0)
1:  j 1b
