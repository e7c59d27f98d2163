/*
 * out-of-memory [PROCESSES]: a child takes pages until there are none, and the kernel ends the child, not itself; then as
 * many processes as there may be at once. For a machine of its own: it takes all the memory there is.
 */
#include "program.h"

#define CHUNK_PAGES 1024

static void take_everything(void) {
    for (u8 *pages; (pages = map_pages(CHUNK_PAGES)) != NULL;) {
        for (u64 i = 0; i < CHUNK_PAGES; i++) pages[i * PAGE_SIZE] = 1;
    }
}

/* Children wait until the pipe's last writer, the parent, closes it. */
static u64 fork_many(u64 most) {
    int ends[2];
    u64 count = 0;
    u8 byte;
    if (syscall(SYS_pipe2, ends, 0) != 0) return 0;
    for (; count < most; count++) {
        long pid = fork();
        if (pid < 0) break;
        if (pid > 0) continue;
        syscall(SYS_close, ends[1]);
        syscall(SYS_read, ends[0], &byte, 1);
        exit(0);
    }
    syscall(SYS_close, ends[1]);
    for (u64 i = 0; i < count; i++) {
        u32 status;
        wait_for_child(&status);
    }
    return count;
}

int main(int argc, char **argv, char **envp) {
    (void)envp;
    u32 status = 0;
    for (u32 i = 0; i < 2; i++) { /* twice: the first child's memory has come back */
        if (fork() == 0) {
            take_everything();
            exit(1);
        }
        wait_for_child(&status);
        print_line("greedy child", status);
    }
    print_line("children at once", fork_many(parse_number(argc > 1 ? argv[1] : NULL, 1000)));
    return 0;
}
