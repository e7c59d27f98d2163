/* pipe-ping-pong N: a number goes to a child and back N times through two pipes; each side adds one. */
#include "program.h"

static void answer(int from, int to) {
    u64 value;
    while (syscall(SYS_read, from, &value, sizeof(value)) == sizeof(value)) {
        value++;
        syscall(SYS_write, to, &value, sizeof(value));
    }
}

int main(int argc, char **argv, char **envp) {
    (void)envp;
    u64 rounds = parse_number(argc > 1 ? argv[1] : NULL, 100), value = 0;
    int ping[2], pong[2];
    u32 status = 1;
    if (syscall(SYS_pipe2, ping, 0) != 0 || syscall(SYS_pipe2, pong, 0) != 0) return 1;
    if (fork() == 0) {
        syscall(SYS_close, ping[1]);
        answer(ping[0], pong[1]);
        exit(0);
    }
    syscall(SYS_close, ping[0]);
    for (u64 i = 0; i < rounds; i++) {
        value++;
        syscall(SYS_write, ping[1], &value, sizeof(value));
        syscall(SYS_read, pong[0], &value, sizeof(value));
    }
    syscall(SYS_close, ping[1]);
    wait_for_child(&status);
    print_line("rounds", rounds);
    print_line("value", value);
    return value == 2 * rounds && status == 0 ? 0 : 1;
}
