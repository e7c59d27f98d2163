/* Lists of processes that wait for something. */
#pragma once
#include "types.h"

struct process;

struct wait_queue {
    struct process *first;
};

/*
 * Blocks the current process until `wake_all`. Call with interrupts off, having checked the condition since they were
 * turned off; check it again afterwards. False when a signal is pending: give up with -EINTR.
 */
bool wait_on(struct wait_queue *queue);
void wake_all(struct wait_queue *queue);
/* Takes a blocked process out of its queue, so that it sees a signal. */
void wake_process(struct process *process);
