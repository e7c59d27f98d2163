/* The RAM file system: a tree of inodes, each with one name. */
#pragma once
#include "types.h"

/* File types as in st_mode. */
#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFCHR 0020000
#define S_IFDIR 0040000
#define S_IFREG 0100000
#define S_IFLNK 0120000

#define LONGEST_NAME 255

enum device { DEVICE_NONE, DEVICE_TTY, DEVICE_NULL };

struct inode {
    u32 mode;
    u32 number;
    u32 references; /* the name in the directory counts as one */
    enum device device;
    u64 size;
    const u8 *image; /* contents inside the initrd, until the first write */
    void ***chunks;  /* contents otherwise: frames of pointers to frames of pointers to data; NULL is a hole */
    struct inode *parent, *children, *next;
    char *name;
};

extern struct inode *root_inode;

void inode_init(void);
static inline bool inode_is(const struct inode *inode, u32 type) {
    return (inode->mode & S_IFMT) == type;
}
void inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* the last one frees it; NULL does nothing */

/* A child by name, without a reference of its own; NULL when there is none. */
struct inode *inode_lookup(struct inode *directory, const char *name, size_t length);
/* A new child; NULL when memory is exhausted. The name must be free. */
struct inode *inode_create(struct inode *directory, const char *name, size_t length, u32 mode);
/* Takes the name out of its directory. */
void inode_unlink(struct inode *inode);

/* Copies up to `count` bytes into kernel memory; how many there were. */
size_t inode_read(struct inode *inode, u64 offset, void *to, size_t count);
/* Contents at `offset`, at most one page of them; NULL at the end of the file. */
const u8 *inode_data(struct inode *inode, u64 offset, size_t *available);
/* Where to write at `offset`, up to the end of a page; NULL when memory is exhausted or the file would be too big. */
u8 *inode_space(struct inode *inode, u64 offset, size_t *available);
/* 0 or -errno. */
long inode_truncate(struct inode *inode, u64 size);
