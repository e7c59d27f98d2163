/* Greets, and prints its arguments. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)envp;
    print("Hello from RISC-V user mode\n");
    for (int i = 1; i < argc; i++) {
        print("argument ");
        print_number((u64)i);
        print(": ");
        print(argv[i]);
        print("\n");
    }
    return 0;
}
