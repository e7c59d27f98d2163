/* fork-exec N: N times fork, exec of this program in the child, wait. */
#include "program.h"

#define CHILD_CODE 7

int main(int argc, char **argv, char **envp) {
    if (argc > 1 && strcmp(argv[1], "child") == 0) return CHILD_CODE;
    u64 count = parse_number(argc > 1 ? argv[1] : NULL, 10), good = 0;
    for (u64 i = 0; i < count; i++) {
        u32 status;
        long pid = fork();
        if (pid == 0) {
            char *child_argv[] = {argv[0], "child", NULL};
            execute(argv[0], child_argv, envp);
            exit(127);
        }
        if (pid > 0 && wait_for_child(&status) == pid && status == CHILD_CODE) good++;
    }
    print_line("children", count);
    print_line("ended as expected", good);
    return good == count ? 0 : 1;
}
