#include "program.h"

#define SIGCHLD 17

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22

__attribute__((noreturn)) void start_program(long *stack) {
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    exit(main(argc, argv, argv + argc + 1));
}

void exit(int code) {
    flush();
    syscall(SYS_exit_group, code);
    for (;;);
}

long fork(void) {
    flush();
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

long wait_for_child(u32 *status) {
    int wait_status = 0;
    long pid = syscall(SYS_wait4, -1, &wait_status, 0, 0);
    u32 signal = wait_status & 0x7f;
    *status = signal != 0 ? 128 + signal : (u32)wait_status >> 8 & 0xff;
    return pid;
}

long execute(const char *path, char **argv, char **envp) {
    flush();
    return syscall(SYS_execve, path, argv, envp);
}

u8 *map_pages(u64 count) {
    long address = syscall(SYS_mmap, 0, count * PAGE_SIZE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    return address < 0 ? NULL : (u8 *)address;
}

void unmap_pages(u8 *pages, u64 count) {
    syscall(SYS_munmap, pages, count * PAGE_SIZE);
}
