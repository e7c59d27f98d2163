/* Round robin over the runnable processes of the one hart. */
#pragma once
#include "types.h"

struct process;

void make_runnable(struct process *process);
bool is_anyone_runnable(void);
/* Gives the hart to the next runnable process; returns when this one is scheduled again. Interrupts off. */
void schedule(void);
/* schedule() for a process that stays runnable; interrupts may be on. */
void yield(void);
/* On the way to user mode, interrupts off: other processes' turn, pending signals. */
void leave_kernel(void);
