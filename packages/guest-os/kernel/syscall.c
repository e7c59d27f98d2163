#include "syscall.h"

#include "errno.h"
#include "print.h"
#include "process.h"

typedef long (*system_call)(const u64 *arguments);

#define TABLE_ROW(number, name) [number] = sys_##name,
static const system_call table[] = {SYSTEM_CALLS(TABLE_ROW)};
#undef TABLE_ROW

void syscall_dispatch(struct trap_frame *frame) {
    u64 number = frame->x[REGISTER_A7];
    if (number >= COUNT_OF(table) || table[number] == NULL) {
        printk("%s (process %d): system call %lu is not supported\n", current->name, current->pid, number);
        frame->x[REGISTER_A0] = (u64)-ENOSYS;
        return;
    }
    long result = table[number](&frame->x[REGISTER_A0]);
    /* A successful execve has replaced the frame; its 0 in a0 is what the new program starts with. */
    frame->x[REGISTER_A0] = (u64)result;
}
