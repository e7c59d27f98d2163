/* The header that makes a rogue kernel loadable like the guest kernel (see kernel/arch/boot.S). Code follows it. */
#define ROGUE_KERNEL                                                                                                   \
    .text;                                                                                                             \
    .globl _start;                                                                                                     \
_start: .option push;                                                                                                  \
    .option norvc;                                                                                                     \
    j rogue;                                                                                                           \
    .word 0;                                                                                                           \
    .option pop;                                                                                                       \
    .dword 0x200000;                                                                                                   \
    .dword 0x1000;                                                                                                     \
    .dword 0;                                                                                                          \
    .word 2;                                                                                                           \
    .word 0;                                                                                                           \
    .dword 0;                                                                                                          \
    .dword 0x5643534952;                                                                                               \
    .word 0x05435352;                                                                                                  \
    .word 0;                                                                                                           \
rogue:

#define UART 0x10000000
