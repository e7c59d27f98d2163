#pragma once
#include "types.h"

/* With `quiet` on the command line the kernel prints nothing on the console except a panic. */
extern bool quiet;

/* Formats: %s %c %d %u %x %lx %ld %lu %p %%. */
__attribute__((format(printf, 1, 2))) void printk(const char *format, ...);

/* Prints the reason and powers the machine off with exit code 255. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);
