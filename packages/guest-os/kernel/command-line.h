/* The kernel command line: `init=/path quiet noecho -- args...`. */
#pragma once
#include "types.h"

#define MOST_INIT_ARGUMENTS 32

struct command_line {
    const char *init;
    bool no_echo; /* the terminal starts without echo */
    const char *arguments[MOST_INIT_ARGUMENTS + 1]; /* argv of init, argv[0] is its path */
    const char *environment[4];
};

extern struct command_line command_line;

/* Splits `board.command_line` in place. A double-quoted argument may hold spaces. */
void command_line_init(void);
