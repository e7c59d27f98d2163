/* Linux system calls of RV64: number in a7, arguments in a0 to a5, result or -errno in a0. */
#pragma once

enum {
    SYS_getcwd = 17,
    SYS_dup3 = 24,
    SYS_mkdirat = 34,
    SYS_unlinkat = 35,
    SYS_chdir = 49,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_pipe2 = 59,
    SYS_getdents64 = 61,
    SYS_lseek = 62,
    SYS_read = 63,
    SYS_write = 64,
    SYS_newfstatat = 79,
    SYS_fstat = 80,
    SYS_exit_group = 94,
    SYS_sched_yield = 124,
    SYS_kill = 129,
    SYS_rt_sigaction = 134,
    SYS_getpid = 172,
    SYS_getppid = 173,
    SYS_brk = 214,
    SYS_munmap = 215,
    SYS_clone = 220,
    SYS_execve = 221,
    SYS_mmap = 222,
    SYS_mprotect = 226,
    SYS_wait4 = 260,
};

static inline long system_call(long number, long first, long second, long third, long fourth, long fifth, long sixth) {
    register long a0 asm("a0") = first;
    register long a1 asm("a1") = second;
    register long a2 asm("a2") = third;
    register long a3 asm("a3") = fourth;
    register long a4 asm("a4") = fifth;
    register long a5 asm("a5") = sixth;
    register long a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

#define CHOOSE(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define SYSCALL0(n) system_call(n, 0, 0, 0, 0, 0, 0)
#define SYSCALL1(n, a) system_call(n, (long)(a), 0, 0, 0, 0, 0)
#define SYSCALL2(n, a, b) system_call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYSCALL3(n, a, b, c) system_call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYSCALL4(n, a, b, c, d) system_call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYSCALL5(n, a, b, c, d, e) system_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYSCALL6(n, a, b, c, d, e, f) system_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define syscall(...) CHOOSE(__VA_ARGS__, SYSCALL6, SYSCALL5, SYSCALL4, SYSCALL3, SYSCALL2, SYSCALL1, SYSCALL0)(__VA_ARGS__)
