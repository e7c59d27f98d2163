/* syscall-loop N: N times the cheapest system call. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)envp;
    u64 count = parse_number(argc > 1 ? argv[1] : NULL, 1000);
    for (u64 i = 0; i < count; i++) syscall(SYS_getppid);
    print_line("system calls", count);
    return 0;
}
