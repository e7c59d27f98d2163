/* Children that break the rules one by one, and system calls with bad arguments. */
#include "program.h"

#define SIGKILL 9
#define SIGTERM 15
#define PROT_NONE 0
#define PROT_READ 1

static u8 *page;

static void write_to_null(void) {
    *(volatile u8 *)8 = 1;
}
static void read_kernel(void) {
    (void)*(volatile u8 *)0xffffffc080200000;
}
static void write_to_text(void) {
    *(volatile u8 *)(u64)write_to_text = 0;
}
static void run_data(void) {
    *(volatile u32 *)page = 0x00008067; /* ret */
    asm volatile("fence.i");
    ((void (*)(void))page)();
}
static void write_to_read_only(void) {
    syscall(SYS_mprotect, page, PAGE_SIZE, PROT_READ);
    *(volatile u8 *)page = 1;
}
static void read_without_access(void) {
    *(volatile u8 *)page = 1;
    syscall(SYS_mprotect, page, PAGE_SIZE, PROT_NONE);
    (void)*(volatile u8 *)page;
}
static void read_after_unmap(void) {
    *(volatile u8 *)page = 1;
    syscall(SYS_munmap, page, PAGE_SIZE);
    (void)*(volatile u8 *)page;
}
static void return_to_user(void) {
    asm volatile("sret");
}
static void terminate(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGTERM);
}
static void overflow_stack(void) {
    u64 here;
    for (volatile u8 *at = (u8 *)&here;; at -= PAGE_SIZE) *at = 1;
}
static void write_to_broken_pipe(void) {
    int ends[2];
    syscall(SYS_pipe2, ends, 0);
    syscall(SYS_close, ends[0]);
    syscall(SYS_write, ends[1], "x", 1);
}

static const struct {
    const char *name;
    void (*run)(void);
} crimes[] = {
    {"write to null", write_to_null},
    {"read the kernel", read_kernel},
    {"write to program text", write_to_text},
    {"run data", run_data},
    {"write to a read-only page", write_to_read_only},
    {"read a page without access", read_without_access},
    {"read an unmapped page", read_after_unmap},
    {"sret", return_to_user},
    {"kill itself", terminate},
    {"overflow the stack", overflow_stack},
    {"write to a broken pipe", write_to_broken_pipe},
};

/* The spinner never gives the hart back: only the timer lets this process go on. */
static void kill_spinner(void) {
    u32 status = 0;
    long pid = fork();
    if (pid == 0) {
        for (;;) asm volatile("");
    }
    syscall(SYS_sched_yield);
    syscall(SYS_kill, pid, SIGKILL);
    wait_for_child(&status);
    print_line("spin until killed", status);
}

static void expect_error(const char *what, long result) {
    print(what);
    print(": error ");
    print_number(result < 0 ? (u64)-result : 0);
    print("\n");
}

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    page = map_pages(1);
    for (u64 i = 0; i < COUNT_OF(crimes); i++) {
        u32 status = 0;
        if (fork() == 0) {
            crimes[i].run();
            exit(0);
        }
        wait_for_child(&status);
        print_line(crimes[i].name, status);
    }
    kill_spinner();
    expect_error("write from a bad address", syscall(SYS_write, 1, 8, 4));
    expect_error("open with a kernel address", syscall(SYS_openat, AT_FDCWD, 0xffffffc080200000, O_RDONLY, 0));
    expect_error("read of a closed file", syscall(SYS_read, 27, page, 1));
    expect_error("wait without a child", syscall(SYS_wait4, -1, 0, 0, 0));
    expect_error("exec of a missing program", syscall(SYS_execve, "/no/such", argv, envp));
    expect_error("map nothing", syscall(SYS_mmap, 0, 0, PROT_READ, 0x22, -1, 0));
    expect_error("an unknown system call", syscall(1023));
    return 0;
}
