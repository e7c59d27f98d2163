/* Open files. What a file does is its operations table: RAM files, directories, pipe ends, the terminal, /dev/null. */
#pragma once
#include "types.h"

#define O_ACCMODE 3
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DIRECTORY 0200000
#define O_CLOEXEC 02000000

struct inode;
struct pipe;
struct file;

/* Buffers are user addresses. Results are counts or -errno. */
struct file_operations {
    long (*read)(struct file *file, u64 *offset, u64 buffer, size_t count);
    long (*write)(struct file *file, u64 *offset, u64 buffer, size_t count);
    void (*close)(struct file *file);
    u32 mode; /* for fstat, when the file has no inode */
};

struct file {
    u32 references;
    u32 flags; /* O_* */
    u64 offset;
    const struct file_operations *operations;
    struct inode *inode; /* NULL for pipes and the first terminal */
    struct pipe *pipe;
};

struct file *file_create(const struct file_operations *operations, u32 flags);
void file_get(struct file *file);
void file_put(struct file *file);
bool file_is_readable(const struct file *file);
bool file_is_writable(const struct file *file);
long file_read(struct file *file, u64 *offset, u64 buffer, size_t count);
long file_write(struct file *file, u64 *offset, u64 buffer, size_t count);

/* An open file for an inode; NULL when memory is exhausted. */
struct file *file_open(struct inode *inode, u32 flags);

/* The current process's descriptor, NULL when it is not open. */
struct file *file_of(u64 fd);
/* Gives `file` (and its reference) the lowest free descriptor at or above `lowest`; -EMFILE when there is none. */
long descriptor_add(struct file *file, u32 lowest, bool close_on_exec);
long descriptor_close(u64 fd);
void descriptors_close_on_exec(void);
