/* Open files and descriptors. */
#include "file.h"

#include "errno.h"
#include "inode.h"
#include "kmalloc.h"
#include "process.h"
#include "tty.h"
#include "usercopy.h"

struct file *file_create(const struct file_operations *operations, u32 flags) {
    struct file *file = kmalloc(sizeof(*file));
    if (file == NULL) return NULL;
    file->references = 1;
    file->operations = operations;
    file->flags = flags & ~O_CLOEXEC;
    return file;
}

void file_get(struct file *file) {
    file->references++;
}

void file_put(struct file *file) {
    if (--file->references != 0) return;
    if (file->operations->close != NULL) file->operations->close(file);
    inode_put(file->inode);
    kfree(file, sizeof(*file));
}

bool file_is_readable(const struct file *file) {
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

bool file_is_writable(const struct file *file) {
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

long file_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    if (!file_is_readable(file)) return -EBADF;
    return count == 0 ? 0 : file->operations->read(file, offset, buffer, count);
}

long file_write(struct file *file, u64 *offset, u64 buffer, size_t count) {
    if (!file_is_writable(file)) return -EBADF;
    return count == 0 ? 0 : file->operations->write(file, offset, buffer, count);
}

static long regular_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    size_t done = 0;
    while (done < count) {
        size_t available;
        const u8 *data = inode_data(file->inode, *offset, &available);
        if (data == NULL) break;
        size_t part = MIN(available, count - done);
        if (copy_to_user(buffer + done, data, part) != 0) return done > 0 ? (long)done : -EFAULT;
        done += part;
        *offset += part;
    }
    return (long)done;
}

static long regular_write(struct file *file, u64 *offset, u64 buffer, size_t count) {
    struct inode *inode = file->inode;
    size_t done = 0;
    if (file->flags & O_APPEND) *offset = inode->size;
    while (done < count) {
        size_t available;
        u8 *space = inode_space(inode, *offset, &available);
        if (space == NULL) return done > 0 ? (long)done : -ENOSPC;
        size_t part = MIN(available, count - done);
        if (copy_from_user(space, buffer + done, part) != 0) return done > 0 ? (long)done : -EFAULT;
        done += part;
        *offset += part;
        inode->size = MAX(inode->size, *offset);
    }
    return (long)done;
}

static long directory_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)file, (void)offset, (void)buffer, (void)count;
    return -EISDIR;
}

static long null_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)file, (void)offset, (void)buffer, (void)count;
    return 0;
}

static long null_write(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)file, (void)offset, (void)buffer;
    return (long)count;
}

static const struct file_operations regular_operations = {.read = regular_read, .write = regular_write};
static const struct file_operations directory_operations = {.read = directory_read};
static const struct file_operations null_operations = {.read = null_read, .write = null_write};

static const struct file_operations *operations_of(const struct inode *inode) {
    if (inode_is(inode, S_IFDIR)) return &directory_operations;
    if (inode->device == DEVICE_TTY) return &tty_operations;
    if (inode->device == DEVICE_NULL) return &null_operations;
    return &regular_operations;
}

struct file *file_open(struct inode *inode, u32 flags) {
    struct file *file = file_create(operations_of(inode), flags);
    if (file == NULL) return NULL;
    inode_get(inode);
    file->inode = inode;
    return file;
}

struct file *file_of(u64 fd) {
    return fd < MOST_FILES ? current->files[fd] : NULL;
}

long descriptor_add(struct file *file, u32 lowest, bool close_on_exec) {
    for (u32 fd = lowest; fd < MOST_FILES; fd++) {
        if (current->files[fd] != NULL) continue;
        current->files[fd] = file;
        current->close_on_exec &= ~(1u << fd);
        if (close_on_exec) current->close_on_exec |= 1u << fd;
        return fd;
    }
    return -EMFILE;
}

long descriptor_close(u64 fd) {
    struct file *file = file_of(fd);
    if (file == NULL) return -EBADF;
    current->files[fd] = NULL;
    file_put(file);
    return 0;
}

void descriptors_close_on_exec(void) {
    for (u32 fd = 0; fd < MOST_FILES; fd++) {
        if (current->close_on_exec >> fd & 1) descriptor_close(fd);
    }
    current->close_on_exec = 0;
}
