/* The process table: creation, fork, exit, wait. */
#include "process.h"

#include "arch/irq.h"
#include "arch/power.h"
#include "command-line.h"
#include "errno.h"
#include "exec.h"
#include "file.h"
#include "inode.h"
#include "kmalloc.h"
#include "pmm.h"
#include "print.h"
#include "schedule.h"
#include "signal.h"
#include "string.h"
#include "tty.h"

#define INIT_PID 1

static struct process *table[MOST_PROCESSES];
static s32 last_pid;

struct trap_frame *process_frame(struct process *process) {
    return (struct trap_frame *)(process->stack + KERNEL_STACK_SIZE - sizeof(struct trap_frame));
}

struct process *process_find(s32 pid) {
    for (u64 i = 0; i < MOST_PROCESSES; i++) {
        if (table[i] != NULL && table[i]->pid == pid) return table[i];
    }
    return NULL;
}

struct process *process_at(u32 slot) {
    return table[slot];
}

static struct process **free_slot(void) {
    for (u64 i = 0; i < MOST_PROCESSES; i++) {
        if (table[i] == NULL) return &table[i];
    }
    return NULL;
}

/* A process with a kernel stack that starts at `entry`, not yet runnable and without address space. */
static struct process *process_create(void (*entry)(void)) {
    struct process **slot = free_slot();
    struct process *process = slot == NULL ? NULL : kmalloc(sizeof(*process));
    if (process == NULL) return NULL;
    process->stack = frame_alloc();
    if (process->stack == NULL) {
        kfree(process, sizeof(*process));
        return NULL;
    }
    process->pid = ++last_pid;
    process->state = BLOCKED;
    process->stack_pointer = new_stack((u64)process_frame(process), entry);
    *slot = process;
    return process;
}

static void process_free(struct process *process) {
    for (u64 i = 0; i < MOST_PROCESSES; i++) {
        if (table[i] == process) table[i] = NULL;
    }
    frame_put(process->stack);
    kfree(process, sizeof(*process));
}

static void start_init(void) {
    long error = execute(command_line.init, command_line.arguments, command_line.environment);
    if (error < 0) panic("cannot run %s: error %ld", command_line.init, -error);
    return_to_user(process_frame(current));
}

void process_init(void) {
    struct process *init = process_create(start_init);
    if (init == NULL || !vm_create(&init->vm)) panic("not enough memory");
    init->directory = root_inode;
    inode_get(root_inode);
    for (u32 fd = 0; fd < 3; fd++) init->files[fd] = tty_open();
    make_runnable(init);
}

static void start_child(void) {
    return_to_user(process_frame(current));
}

long process_fork(u64 user_stack) {
    if (free_slot() == NULL) return -EAGAIN;
    struct process *child = process_create(start_child);
    if (child == NULL) return -ENOMEM;
    if (!vm_copy(&child->vm, &current->vm)) {
        process_free(child);
        return -ENOMEM;
    }
    struct trap_frame *frame = process_frame(child);
    memcpy(frame, process_frame(current), sizeof(*frame));
    frame->x[REGISTER_A0] = 0;
    if (user_stack != 0) frame->x[REGISTER_SP] = user_stack;

    child->parent = current;
    child->ignored_signals = current->ignored_signals;
    child->directory = current->directory;
    inode_get(child->directory);
    child->close_on_exec = current->close_on_exec;
    memcpy(child->name, current->name, sizeof(child->name));
    for (u32 fd = 0; fd < MOST_FILES; fd++) {
        child->files[fd] = current->files[fd];
        if (child->files[fd] != NULL) file_get(child->files[fd]);
    }
    make_runnable(child);
    return child->pid;
}

/* Linux: a child whose parent is gone belongs to init; here init reaps it when it waits. */
static void give_children_to_init(struct process *parent) {
    struct process *init = process_find(INIT_PID);
    for (u64 i = 0; i < MOST_PROCESSES; i++) {
        if (table[i] == NULL || table[i]->parent != parent) continue;
        table[i]->parent = init;
        if (table[i]->state == ZOMBIE) wake_all(&init->child_exited);
    }
}

void process_exit(s32 wait_status) {
    struct process *self = current;
    if (self->pid == INIT_PID) power_off(shell_status(wait_status));
    for (u32 fd = 0; fd < MOST_FILES; fd++) {
        if (self->files[fd] != NULL) file_put(self->files[fd]);
    }
    inode_put(self->directory);
    vm_release_pages(&self->vm);
    give_children_to_init(self);
    local_irq_disable();
    self->state = ZOMBIE;
    self->wait_status = wait_status;
    wake_all(&self->parent->child_exited);
    schedule();
    panic("a dead process was scheduled");
}

static long reap(struct process *child, s32 *wait_status) {
    long pid = child->pid;
    *wait_status = child->wait_status;
    vm_destroy(&child->vm);
    process_free(child);
    return pid;
}

long process_wait(s32 pid, bool no_wait, s32 *wait_status) {
    for (;;) {
        bool has_child = false;
        irq_state state = local_irq_save();
        for (u64 i = 0; i < MOST_PROCESSES; i++) {
            struct process *child = table[i];
            if (child == NULL || child->parent != current || (pid > 0 && child->pid != pid)) continue;
            has_child = true;
            if (child->state != ZOMBIE) continue;
            local_irq_restore(state);
            return reap(child, wait_status);
        }
        bool is_interrupted = has_child && !no_wait && !wait_on(&current->child_exited);
        local_irq_restore(state);
        if (!has_child) return -ECHILD;
        if (no_wait) return 0;
        if (is_interrupted) return -EINTR;
    }
}
