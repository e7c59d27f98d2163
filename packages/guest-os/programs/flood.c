/* Prints forever. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    for (u64 line = 0;; line++) print_line("flood", line);
}
