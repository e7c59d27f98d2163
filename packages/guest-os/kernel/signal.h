/* Signals end a process or are ignored; handlers are not supported. Numbers are Linux's. */
#pragma once
#include "types.h"

#define SIGINT 2
#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGKILL 9
#define SIGSEGV 11
#define SIGPIPE 13
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGWINCH 28
#define MOST_SIGNALS 64

struct process;

/* Ends the process when it next leaves the kernel, unless it ignores the signal or the signal does nothing by default. */
void send_signal(struct process *process, u32 signal);
/* To every process but init and those that ignore it: the terminal's interrupt character. */
void signal_foreground(u32 signal);
__attribute__((noreturn)) void die_of_signal(u32 signal);

/* The exit code a shell shows for a wait status: the code, or 128 + signal. */
u32 shell_status(s32 wait_status);
