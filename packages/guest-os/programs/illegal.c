/* Reads a supervisor register: ends with SIGILL. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    print("reading sstatus\n");
    asm volatile("csrr a0, sstatus" ::: "a0");
    print("still alive\n");
    return 0;
}
