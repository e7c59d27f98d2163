/* Loops forever. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    print("spinning\n");
    for (;;) asm volatile("");
}
