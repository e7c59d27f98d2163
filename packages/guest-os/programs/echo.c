/* echo [-n] WORD... */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)envp;
    int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;
    for (int i = first; i < argc; i++) {
        if (i > first) print(" ");
        print(argv[i]);
    }
    if (first == 1) print("\n");
    return 0;
}
