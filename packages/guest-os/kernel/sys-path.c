/* System calls on names. */
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "path.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "usercopy.h"

#define AT_REMOVEDIR 0x200
#define AT_EMPTY_PATH 0x1000

/* struct stat of include/uapi/asm-generic/stat.h */
struct stat {
    u64 device, inode;
    u32 mode, links, uid, gid;
    u64 special_device, padding;
    s64 size;
    s32 block_size, padding2;
    s64 blocks;
    s64 times[6];
    u32 unused[2];
};
_Static_assert(sizeof(struct stat) == 128, "struct stat");

/* struct linux_dirent64 */
struct directory_entry {
    u64 inode;
    s64 next_offset;
    u16 size;
    u8 type;
    char name[];
} __attribute__((packed));

/* Where a relative path starts: the working directory, or an open one. */
static long start_directory(u64 fd, struct inode **directory) {
    struct file *file = file_of((u64)(s32)fd);
    if ((s32)fd == AT_FDCWD) return *directory = current->directory, 0;
    if (file == NULL) return -EBADF;
    if (file->inode == NULL) return -ENOTDIR;
    return *directory = file->inode, 0;
}

/* Reads a path argument and its starting directory. */
static long path_argument(u64 fd, u64 address, char *path, struct inode **directory) {
    long length = copy_string_from_user(path, address, LONGEST_PATH);
    return length < 0 ? length : start_directory(fd, directory);
}

static long find_argument(u64 fd, u64 address, struct inode **inode) {
    char path[LONGEST_PATH];
    struct inode *directory;
    long error = path_argument(fd, address, path, &directory);
    return error != 0 ? error : path_find(directory, path, inode);
}

/* The inode to open, made when O_CREAT asks for it. */
static long find_or_create(struct inode *directory, const char *path, u32 flags, u32 mode, struct inode **inode) {
    struct inode *parent;
    const char *name;
    size_t length;
    long error = path_find(directory, path, inode);
    if (error == 0) return (flags & O_CREAT) && (flags & O_EXCL) ? -EEXIST : 0;
    if (error != -ENOENT || !(flags & O_CREAT)) return error;
    error = path_find_parent(directory, path, &parent, &name, &length);
    if (error != 0) return error;
    *inode = inode_create(parent, name, length, S_IFREG | (mode & 0777));
    return *inode == NULL ? -ENOSPC : 0;
}

long sys_openat(const u64 *arguments) {
    char path[LONGEST_PATH];
    struct inode *directory, *inode;
    u32 flags = (u32)arguments[2];
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    long error = path_argument(arguments[0], arguments[1], path, &directory);
    if (error == 0) error = find_or_create(directory, path, flags, (u32)arguments[3], &inode);
    if (error != 0) return error;
    bool is_directory = inode_is(inode, S_IFDIR);
    if (is_directory && writes) return -EISDIR;
    if (!is_directory && (flags & O_DIRECTORY)) return -ENOTDIR;
    if ((flags & O_TRUNC) && writes && inode_is(inode, S_IFREG)) inode_truncate(inode, 0);
    struct file *file = file_open(inode, flags & ~(u32)(O_CREAT | O_EXCL | O_TRUNC));
    if (file == NULL) return -ENOMEM;
    long fd = descriptor_add(file, 0, flags & O_CLOEXEC);
    if (fd < 0) file_put(file);
    return fd;
}

static long put_stat(const struct inode *inode, u32 mode, u64 address) {
    struct stat stat = {.device = 1, .mode = mode, .links = 1, .block_size = PAGE_SIZE};
    if (inode != NULL) {
        stat.inode = inode->number;
        stat.mode = inode->mode;
        stat.size = (s64)inode->size;
        stat.blocks = (s64)ALIGN_UP(inode->size, 512) / 512;
    }
    return copy_to_user(address, &stat, sizeof(stat));
}

long sys_fstat(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    return file == NULL ? -EBADF : put_stat(file->inode, file->operations->mode, arguments[1]);
}

long sys_newfstatat(const u64 *arguments) {
    struct inode *inode;
    char first = 1;
    if ((arguments[3] & AT_EMPTY_PATH) && copy_from_user(&first, arguments[1], 1) == 0 && first == 0) {
        return sys_fstat((const u64[]){arguments[0], arguments[2]});
    }
    long error = find_argument(arguments[0], arguments[1], &inode);
    return error != 0 ? error : put_stat(inode, 0, arguments[2]);
}

long sys_faccessat(const u64 *arguments) {
    struct inode *inode;
    return find_argument(arguments[0], arguments[1], &inode);
}

long sys_readlinkat(const u64 *arguments) {
    (void)arguments;
    return -EINVAL; /* links are followed on the way: none is ever found here */
}

long sys_getcwd(const u64 *arguments) {
    char path[LONGEST_PATH];
    long length = path_of(current->directory, path, MIN(arguments[1], sizeof(path)));
    if (length < 0) return length;
    return copy_to_user(arguments[0], path, (size_t)length) != 0 ? -EFAULT : length;
}

long sys_chdir(const u64 *arguments) {
    struct inode *inode;
    long error = find_argument((u64)AT_FDCWD, arguments[0], &inode);
    if (error != 0) return error;
    if (!inode_is(inode, S_IFDIR)) return -ENOTDIR;
    inode_get(inode);
    inode_put(current->directory);
    current->directory = inode;
    return 0;
}

long sys_mkdirat(const u64 *arguments) {
    char path[LONGEST_PATH];
    struct inode *directory, *parent;
    const char *name;
    size_t length;
    long error = path_argument(arguments[0], arguments[1], path, &directory);
    if (error == 0) error = path_find_parent(directory, path, &parent, &name, &length);
    if (error != 0) return error;
    if (inode_lookup(parent, name, length) != NULL) return -EEXIST;
    return inode_create(parent, name, length, S_IFDIR | (arguments[2] & 0777)) == NULL ? -ENOSPC : 0;
}

long sys_unlinkat(const u64 *arguments) {
    char path[LONGEST_PATH];
    struct inode *directory, *parent;
    const char *name;
    size_t length;
    long error = path_argument(arguments[0], arguments[1], path, &directory);
    if (error == 0) error = path_find_parent(directory, path, &parent, &name, &length);
    if (error != 0) return error;
    struct inode *inode = inode_lookup(parent, name, length);
    if (inode == NULL) return -ENOENT;
    if (inode_is(inode, S_IFDIR) != ((arguments[2] & AT_REMOVEDIR) != 0)) {
        return inode_is(inode, S_IFDIR) ? -EISDIR : -ENOTDIR;
    }
    if (inode->children != NULL) return -ENOTEMPTY;
    inode_unlink(inode);
    return 0;
}

/* Entry `index` of a directory: "." and "..", then the children. */
static const struct inode *entry_at(const struct inode *directory, u64 index, const char **name) {
    if (index == 0) return *name = ".", directory;
    if (index == 1) return *name = "..", directory->parent;
    const struct inode *child = directory->children;
    for (; index > 2 && child != NULL; index--) child = child->next;
    *name = child == NULL ? NULL : child->name;
    return child;
}

static long put_entry(u64 address, size_t room, const struct inode *inode, const char *name, u64 next) {
    u8 buffer[sizeof(struct directory_entry) + LONGEST_NAME + 1 + 8];
    struct directory_entry *entry = (struct directory_entry *)buffer;
    size_t length = strlen(name) + 1, size = ALIGN_UP(sizeof(*entry) + length, 8);
    if (size > room) return 0;
    memset(buffer, 0, size);
    entry->inode = inode->number;
    entry->next_offset = (s64)next;
    entry->size = (u16)size;
    entry->type = (u8)((inode->mode & S_IFMT) >> 12);
    memcpy(entry->name, name, length);
    return copy_to_user(address, buffer, size) != 0 ? -EFAULT : (long)size;
}

long sys_getdents64(const u64 *arguments) {
    struct file *file = file_of(arguments[0]);
    if (file == NULL) return -EBADF;
    if (file->inode == NULL || !inode_is(file->inode, S_IFDIR)) return -ENOTDIR;
    size_t done = 0;
    for (;;) {
        const char *name;
        const struct inode *inode = entry_at(file->inode, file->offset, &name);
        if (inode == NULL) return (long)done;
        long size = put_entry(arguments[1] + done, arguments[2] - done, inode, name, file->offset + 1);
        if (size <= 0) return done > 0 ? (long)done : size == 0 ? -EINVAL : size;
        done += (size_t)size;
        file->offset++;
    }
}
