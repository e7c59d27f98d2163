/* What the programs share instead of a C library. Functions return what the system call does: -errno on failure. */
#pragma once
#include "syscall.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;
typedef u64 size_t;

#define NULL ((void *)0)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE_SIZE 4096

#define AT_FDCWD (-100)
#define O_RDONLY 0
#define O_WRONLY 1
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_DIRECTORY 0200000

int main(int argc, char **argv, char **envp);

/* Text */
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
/* A decimal number; `otherwise` when `text` is NULL or is no number. */
u64 parse_number(const char *text, u64 otherwise);

/* Standard output is collected: it is written at a newline, before fork and exec, and at exit. */
void print(const char *text);
void print_bytes(const void *bytes, size_t count);
void print_number(u64 value);
void print_hex(u64 value);
void print_line(const char *label, u64 value); /* "label: value\n" */
void flush(void);
void complain(const char *program, const char *what); /* "program: what\n" to standard error */
void write_all(int fd, const void *bytes, size_t count);

/* Processes */
__attribute__((noreturn)) void exit(int code);
long fork(void);
/* Waits for any child; its pid, and the status as a shell shows it (code, or 128 + signal). */
long wait_for_child(u32 *status);
long execute(const char *path, char **argv, char **envp);

/* Memory: `count` pages of zeroes, or NULL. */
u8 *map_pages(u64 count);
void unmap_pages(u8 *pages, u64 count);
