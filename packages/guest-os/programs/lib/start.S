# The first instructions of a program: the stack holds argc, argv, NULL, envp, NULL (RISC-V ELF psABI).
    .globl _start
_start:
    mv a0, sp
    andi sp, sp, -16
    call start_program
