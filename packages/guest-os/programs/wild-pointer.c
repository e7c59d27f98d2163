/* Writes through a wild pointer: ends with SIGSEGV. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    print("writing to address 16\n");
    *(volatile u64 *)16 = 1;
    print("still alive\n");
    return 0;
}
