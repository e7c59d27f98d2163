/* System calls on open files. */
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "pipe.h"
#include "process.h"
#include "syscall.h"
#include "tty.h"
#include "usercopy.h"

#define MOST_VECTORS 1024

#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030
#define FD_CLOEXEC 1

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

typedef long (*transfer)(struct file *file, u64 *offset, u64 buffer, size_t count);

long sys_read(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    return file == NULL ? -EBADF : file_read(file, &file->offset, arguments[1], arguments[2]);
}

long sys_write(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    return file == NULL ? -EBADF : file_write(file, &file->offset, arguments[1], arguments[2]);
}

/* Calls `move` for each struct iovec until one is moved in part. */
static long for_each_vector(const u64 *arguments, transfer move) {
    struct file *file = file_of(arguments[0]);
    long total = 0;
    if (file == NULL) return -EBADF;
    if (arguments[2] > MOST_VECTORS) return -EINVAL;
    for (u64 i = 0; i < arguments[2]; i++) {
        u64 vector[2];
        if (copy_from_user(vector, arguments[1] + i * sizeof(vector), sizeof(vector)) != 0) return total > 0 ? total : -EFAULT;
        long moved = move(file, &file->offset, vector[0], vector[1]);
        if (moved < 0) return total > 0 ? total : moved;
        total += moved;
        if ((u64)moved < vector[1]) break;
    }
    return total;
}

long sys_readv(const u64 *arguments) {
    return for_each_vector(arguments, file_read);
}

long sys_writev(const u64 *arguments) {
    return for_each_vector(arguments, file_write);
}

static long at_offset(const u64 *arguments, transfer move) {
    struct file *file = file_of(arguments[0]);
    u64 offset = arguments[3];
    if (file == NULL) return -EBADF;
    if (file->inode == NULL || !inode_is(file->inode, S_IFREG)) return -ESPIPE;
    return (s64)offset < 0 ? -EINVAL : move(file, &offset, arguments[1], arguments[2]);
}

long sys_pread64(const u64 *arguments) {
    return at_offset(arguments, file_read);
}

long sys_pwrite64(const u64 *arguments) {
    return at_offset(arguments, file_write);
}

long sys_lseek(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    s64 offset = (s64)arguments[1];
    if (file == NULL) return -EBADF;
    if (file->inode == NULL || inode_is(file->inode, S_IFCHR)) return -ESPIPE;
    switch (arguments[2]) {
    case SEEK_SET: break;
    case SEEK_CUR: offset += (s64)file->offset; break;
    case SEEK_END: offset += (s64)file->inode->size; break;
    default: return -EINVAL;
    }
    if (offset < 0) return -EINVAL;
    file->offset = (u64)offset;
    return offset;
}

long sys_ftruncate(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    if (file == NULL) return -EBADF;
    if (file->inode == NULL || !inode_is(file->inode, S_IFREG) || !file_is_writable(file)) return -EINVAL;
    return (s64)arguments[1] < 0 ? -EINVAL : inode_truncate(file->inode, arguments[1]);
}

long sys_close(const u64 *arguments) {
    return descriptor_close(arguments[0]);
}

static long duplicate(struct file *file, u64 lowest, bool close_on_exec) {
    if (file == NULL) return -EBADF;
    if (lowest >= MOST_FILES) return -EINVAL;
    long fd = descriptor_add(file, (u32)lowest, close_on_exec);
    if (fd >= 0) file_get(file);
    return fd;
}

long sys_dup(const u64 *arguments) {
    return duplicate(file_of(arguments[0]), 0, false);
}

long sys_dup3(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    if (file == NULL || arguments[1] >= MOST_FILES) return -EBADF;
    if (arguments[0] == arguments[1]) return -EINVAL;
    descriptor_close(arguments[1]);
    return duplicate(file, arguments[1], arguments[2] & O_CLOEXEC);
}

long sys_fcntl(const u64 *arguments) {
    u64 fd = arguments[0];
    struct file *file = file_of(fd);
    if (file == NULL) return -EBADF;
    switch (arguments[1]) {
    case F_DUPFD: return duplicate(file, arguments[2], false);
    case F_DUPFD_CLOEXEC: return duplicate(file, arguments[2], true);
    case F_GETFD: return current->close_on_exec >> fd & 1 ? FD_CLOEXEC : 0;
    case F_SETFD:
        current->close_on_exec &= ~(1u << fd);
        if (arguments[2] & FD_CLOEXEC) current->close_on_exec |= 1u << fd;
        return 0;
    case F_GETFL: return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~(u32)(O_APPEND | O_NONBLOCK)) | (arguments[2] & (O_APPEND | O_NONBLOCK));
        return 0;
    default: return -EINVAL;
    }
}

long sys_ioctl(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    if (file == NULL) return -EBADF;
    return file->operations == &tty_operations ? tty_control(arguments[1], arguments[2]) : -ENOTTY;
}

long sys_pipe2(const u64 *arguments) {
    struct file *ends[2];
    u32 flags = (u32)arguments[1];
    long error = pipe_create(&ends[0], &ends[1], flags);
    if (error != 0) return error;
    long first = descriptor_add(ends[0], 0, flags & O_CLOEXEC);
    long second = first < 0 ? first : descriptor_add(ends[1], 0, flags & O_CLOEXEC);
    s32 pair[2] = {(s32)first, (s32)second};
    if (second >= 0 && copy_to_user(arguments[0], pair, sizeof(pair)) == 0) return 0;
    if (first >= 0) current->files[first] = NULL;
    if (second >= 0) current->files[second] = NULL;
    file_put(ends[0]);
    file_put(ends[1]);
    return second < 0 ? second : -EFAULT;
}
