/* System calls: Linux numbers (include/uapi/asm-generic/unistd.h, which RISC-V uses) and structure layouts. */
#pragma once
#include "types.h"

struct trap_frame;

/* Runs the call of the frame's a7 with arguments a0 to a5; the result goes to a0. */
void syscall_dispatch(struct trap_frame *frame);

/* One row a system call: number and name. The function is sys_<name>(arguments). */
#define SYSTEM_CALLS(ROW)                                                                                              \
    ROW(17, getcwd)                                                                                                    \
    ROW(23, dup)                                                                                                       \
    ROW(24, dup3)                                                                                                      \
    ROW(25, fcntl)                                                                                                     \
    ROW(29, ioctl)                                                                                                     \
    ROW(34, mkdirat)                                                                                                   \
    ROW(35, unlinkat)                                                                                                  \
    ROW(46, ftruncate)                                                                                                 \
    ROW(48, faccessat)                                                                                                 \
    ROW(49, chdir)                                                                                                     \
    ROW(56, openat)                                                                                                    \
    ROW(57, close)                                                                                                     \
    ROW(59, pipe2)                                                                                                     \
    ROW(61, getdents64)                                                                                                \
    ROW(62, lseek)                                                                                                     \
    ROW(63, read)                                                                                                      \
    ROW(64, write)                                                                                                     \
    ROW(65, readv)                                                                                                     \
    ROW(66, writev)                                                                                                    \
    ROW(67, pread64)                                                                                                   \
    ROW(68, pwrite64)                                                                                                  \
    ROW(78, readlinkat)                                                                                                \
    ROW(79, newfstatat)                                                                                                \
    ROW(80, fstat)                                                                                                     \
    ROW(93, exit)                                                                                                      \
    ROW(94, exit_group)                                                                                                \
    ROW(96, set_tid_address)                                                                                           \
    ROW(99, set_robust_list)                                                                                           \
    ROW(101, nanosleep)                                                                                                \
    ROW(113, clock_gettime)                                                                                            \
    ROW(115, clock_nanosleep)                                                                                          \
    ROW(124, sched_yield)                                                                                              \
    ROW(129, kill)                                                                                                     \
    ROW(130, tkill)                                                                                                    \
    ROW(131, tgkill)                                                                                                   \
    ROW(134, rt_sigaction)                                                                                             \
    ROW(135, rt_sigprocmask)                                                                                           \
    ROW(154, setpgid)                                                                                                  \
    ROW(155, getpgid)                                                                                                  \
    ROW(160, uname)                                                                                                    \
    ROW(166, umask)                                                                                                    \
    ROW(169, gettimeofday)                                                                                             \
    ROW(172, getpid)                                                                                                   \
    ROW(173, getppid)                                                                                                  \
    ROW(174, getuid)                                                                                                   \
    ROW(175, geteuid)                                                                                                  \
    ROW(176, getgid)                                                                                                   \
    ROW(177, getegid)                                                                                                  \
    ROW(178, gettid)                                                                                                   \
    ROW(214, brk)                                                                                                      \
    ROW(215, munmap)                                                                                                   \
    ROW(220, clone)                                                                                                    \
    ROW(221, execve)                                                                                                   \
    ROW(222, mmap)                                                                                                     \
    ROW(226, mprotect)                                                                                                 \
    ROW(260, wait4)                                                                                                    \
    ROW(261, prlimit64)                                                                                                \
    ROW(278, getrandom)

#define DECLARE_SYSTEM_CALL(number, name) long sys_##name(const u64 *arguments);
SYSTEM_CALLS(DECLARE_SYSTEM_CALL)
#undef DECLARE_SYSTEM_CALL
