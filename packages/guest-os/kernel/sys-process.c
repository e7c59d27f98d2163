/* System calls on processes and identities. */
#include "errno.h"
#include "exec.h"
#include "path.h"
#include "pmm.h"
#include "process.h"
#include "schedule.h"
#include "signal.h"
#include "string.h"
#include "syscall.h"
#include "usercopy.h"

#define CLONE_SUPPORTED_FLAGS (0xff | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)
#define CLONE_PARENT_SETTID 0x00100000
#define CLONE_CHILD_CLEARTID 0x00200000
#define CLONE_CHILD_SETTID 0x01000000

#define WNOHANG 1
#define MOST_STRINGS 64
#define SIG_DFL 0
#define SIG_IGN 1

/* fork as libc does it; threads are not supported. Arguments: flags, stack, parent tid, tls, child tid. */
long sys_clone(const u64 *arguments) {
    u64 flags = arguments[0];
    if (flags & ~(u64)CLONE_SUPPORTED_FLAGS) return -EINVAL;
    long pid = process_fork(arguments[1]);
    s32 tid = (s32)pid;
    if (pid > 0 && (flags & CLONE_PARENT_SETTID)) copy_to_user(arguments[2], &tid, sizeof(tid));
    return pid;
}

/* A user's list of strings, copied into a page: pointers first, text after them. */
static long copy_string_list(u64 address, u8 *page, size_t *used) {
    char **list = (char **)page;
    for (u32 i = 0; i < MOST_STRINGS; i++) {
        u64 string = 0;
        if (address != 0 && copy_from_user(&string, address + i * sizeof(u64), sizeof(string)) != 0) return -EFAULT;
        list[i] = NULL;
        if (string == 0) return 0;
        list[i] = (char *)page + *used;
        long length = copy_string_from_user(list[i], string, PAGE_SIZE - *used);
        if (length < 0) return length == -ENAMETOOLONG ? -E2BIG : length;
        *used += (size_t)length + 1;
    }
    return -E2BIG;
}

long sys_execve(const u64 *arguments) {
    char path[LONGEST_PATH];
    long error = copy_string_from_user(path, arguments[0], sizeof(path));
    if (error < 0) return error;
    u8 *argument_page = frame_alloc(), *environment_page = frame_alloc();
    size_t argument_bytes = MOST_STRINGS * sizeof(char *), environment_bytes = argument_bytes;
    error = argument_page == NULL || environment_page == NULL ? -ENOMEM : 0;
    if (error == 0) error = copy_string_list(arguments[1], argument_page, &argument_bytes);
    if (error == 0) error = copy_string_list(arguments[2], environment_page, &environment_bytes);
    if (error == 0) error = execute(path, (const char *const *)argument_page, (const char *const *)environment_page);
    if (argument_page != NULL) frame_put(argument_page);
    if (environment_page != NULL) frame_put(environment_page);
    return error;
}

long sys_exit(const u64 *arguments) {
    process_exit((s32)(arguments[0] & 0xff) << 8);
}

long sys_exit_group(const u64 *arguments) {
    return sys_exit(arguments);
}

long sys_wait4(const u64 *arguments) {
    s32 wait_status = 0;
    long pid = process_wait((s32)arguments[0], arguments[2] & WNOHANG, &wait_status);
    if (pid > 0 && arguments[1] != 0 && copy_to_user(arguments[1], &wait_status, sizeof(wait_status)) != 0) return -EFAULT;
    if (pid > 0 && arguments[3] != 0) {
        static const u8 no_usage[144]; /* struct rusage */
        if (copy_to_user(arguments[3], no_usage, sizeof(no_usage)) != 0) return -EFAULT;
    }
    return pid;
}

static long send_to(s32 pid, u32 signal) {
    struct process *process = process_find(pid);
    if (signal > MOST_SIGNALS) return -EINVAL;
    if (process == NULL) return -ESRCH;
    if (signal != 0) send_signal(process, signal);
    return 0;
}

long sys_kill(const u64 *arguments) {
    return send_to((s32)arguments[0], (u32)arguments[1]);
}

long sys_tkill(const u64 *arguments) {
    return sys_kill(arguments);
}

long sys_tgkill(const u64 *arguments) {
    return send_to((s32)arguments[1], (u32)arguments[2]);
}

/* struct sigaction begins with the handler; only "default" and "ignore" are supported. */
long sys_rt_sigaction(const u64 *arguments) {
    u64 signal = arguments[0], action[3] = {0}, old[3] = {0};
    if (signal == 0 || signal > MOST_SIGNALS) return -EINVAL;
    u64 bit = 1UL << (signal - 1);
    old[0] = current->ignored_signals & bit ? SIG_IGN : SIG_DFL;
    if (arguments[1] != 0) {
        if (copy_from_user(action, arguments[1], sizeof(action)) != 0) return -EFAULT;
        if (action[0] > SIG_IGN) return -ENOSYS;
        if (signal == SIGKILL || signal == SIGSTOP) return -EINVAL;
        current->ignored_signals = (current->ignored_signals & ~bit) | (action[0] == SIG_IGN ? bit : 0);
    }
    return arguments[2] == 0 ? 0 : copy_to_user(arguments[2], old, sizeof(old));
}

/* Without handlers there is nothing to hold back. */
long sys_rt_sigprocmask(const u64 *arguments) {
    const u64 none = 0;
    return arguments[2] == 0 ? 0 : copy_to_user(arguments[2], &none, sizeof(none));
}

long sys_sched_yield(const u64 *arguments) {
    (void)arguments;
    yield();
    return 0;
}

long sys_getpid(const u64 *arguments) {
    (void)arguments;
    return current->pid;
}

long sys_gettid(const u64 *arguments) {
    return sys_getpid(arguments);
}

long sys_set_tid_address(const u64 *arguments) {
    return sys_getpid(arguments);
}

long sys_set_robust_list(const u64 *arguments) {
    (void)arguments;
    return 0;
}

long sys_getppid(const u64 *arguments) {
    (void)arguments;
    return current->parent == NULL ? 0 : current->parent->pid;
}

/* One process group and one user, root. */
static long zero(const u64 *arguments) {
    (void)arguments;
    return 0;
}

long sys_setpgid(const u64 *arguments) __attribute__((alias("zero")));
long sys_getpgid(const u64 *arguments) __attribute__((alias("zero")));
long sys_getuid(const u64 *arguments) __attribute__((alias("zero")));
long sys_geteuid(const u64 *arguments) __attribute__((alias("zero")));
long sys_getgid(const u64 *arguments) __attribute__((alias("zero")));
long sys_getegid(const u64 *arguments) __attribute__((alias("zero")));

long sys_umask(const u64 *arguments) {
    (void)arguments;
    return 022;
}

long sys_prlimit64(const u64 *arguments) {
    static const u64 unlimited[2] = {-1UL, -1UL};
    if (arguments[2] != 0) return -EPERM;
    return arguments[3] == 0 ? 0 : copy_to_user(arguments[3], unlimited, sizeof(unlimited));
}

/* struct new_utsname: six fields of 65 characters. */
long sys_uname(const u64 *arguments) {
    static const char names[6][65] = {"Linux", "guest", "6.1.0-worldswitch", "#1", "riscv64", "(none)"};
    return copy_to_user(arguments[0], names, sizeof(names));
}

/* A fixed sequence (xorshift64*): runs repeat. Nothing here keeps a secret. */
long sys_getrandom(const u64 *arguments) {
    static u64 state = 0x9e3779b97f4a7c15UL;
    for (u64 i = 0; i < arguments[1]; i++) {
        state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
        u8 byte = (u8)(state * 0x2545f4914f6cdd1dUL >> 56);
        if (copy_to_user(arguments[0] + i, &byte, 1) != 0) return -EFAULT;
    }
    return (long)arguments[1];
}
