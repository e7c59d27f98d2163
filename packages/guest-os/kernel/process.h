/* Processes: one thread each. */
#pragma once
#include "arch/cpu.h"
#include "types.h"
#include "vm.h"
#include "wait-queue.h"

#define MOST_PROCESSES 64
#define MOST_FILES 32

enum process_state { RUNNABLE, BLOCKED, ZOMBIE };

struct process {
    s32 pid;
    enum process_state state;
    s32 wait_status;         /* as wait4 reports it, once a zombie */
    u32 pending_signal;      /* 0, or the signal that ends this process when it next leaves the kernel */
    u64 ignored_signals;     /* bit n - 1 for signal n */
    struct process *parent;
    struct process *next;    /* in the run queue or in a wait queue */
    struct wait_queue *waits_in;
    struct wait_queue child_exited;
    u8 *stack;               /* KERNEL_STACK_SIZE bytes; the trap frame is at the top */
    u64 stack_pointer;       /* while another process runs */
    struct vm vm;
    struct inode *directory; /* current working directory */
    struct file *files[MOST_FILES];
    u32 close_on_exec;       /* bit n for descriptor n */
    char name[16];
};

#define current (cpu.current)

void process_init(void); /* makes process 1, which runs the program of the command line */
struct process *process_find(s32 pid);
struct process *process_at(u32 slot); /* NULL in a free slot; slots are 0 to MOST_PROCESSES - 1 */
struct trap_frame *process_frame(struct process *process);

/* A copy of the current process with its user registers, which returns 0 from the system call. -errno on failure. */
long process_fork(u64 user_stack);
__attribute__((noreturn)) void process_exit(s32 wait_status);
/* The pid of a reaped child (0 with `no_wait` when none has exited), or -errno. `pid` as in wait4. */
long process_wait(s32 pid, bool no_wait, s32 *wait_status);
