#pragma once

/* Replaces the current process's program; strings in kernel memory, lists end with NULL. 0, or -errno with nothing changed. */
long execute(const char *path, const char *const *arguments, const char *const *environment);
