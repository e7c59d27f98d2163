/* The initrd: Linux Documentation/driver-api/early-userspace/buffer-format.rst. File contents stay where they are. */
#include "initramfs.h"

#include "board.h"
#include "inode.h"
#include "arch/pagetable.h"
#include "path.h"
#include "print.h"
#include "string.h"

#define HEADER_SIZE 110

/* Fields of eight hexadecimal digits after the six of the magic number. */
enum { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJOR, MINOR, RMAJOR, RMINOR, NAMESIZE, CHECK };

static u32 header_field(const u8 *header, u32 index) {
    u32 value = 0;
    for (u32 i = 0; i < 8; i++) {
        u8 digit = header[6 + index * 8 + i];
        u8 letter = digit | 0x20;
        value = value << 4 | (letter >= 'a' && letter <= 'f' ? letter - 'a' + 10u : (digit - '0') & 15u);
    }
    return value;
}

static void add_entry(const char *path, u32 mode, const u8 *data, u32 size) {
    struct inode *parent, *existing;
    const char *name;
    size_t length;
    if (path_find(root_inode, path, &existing) == 0) return;
    if (path_find_parent(root_inode, path, &parent, &name, &length) != 0) {
        printk("initrd: no directory for %s\n", path);
        return;
    }
    struct inode *inode = inode_create(parent, name, length, mode);
    if (inode == NULL) panic("not enough memory for the initrd's files");
    if (inode_is(inode, S_IFREG) || inode_is(inode, S_IFLNK)) {
        inode->image = data;
        inode->size = size;
    }
}

void initramfs_unpack(void) {
    const u8 *at = physical_to_virtual(board.initrd_start), *end = physical_to_virtual(board.initrd_end);
    while (at + HEADER_SIZE <= end && memcmp(at, "07070", 5) == 0) {
        const char *name = (const char *)at + HEADER_SIZE;
        u64 name_size = header_field(at, NAMESIZE), size = header_field(at, FILESIZE);
        const u8 *data = at + ALIGN_UP(HEADER_SIZE + name_size, 4);
        if (name_size == 0 || data + size > end || name[name_size - 1] != 0) break;
        if (strcmp(name, "TRAILER!!!") == 0) return;
        if (strcmp(name, ".") != 0) add_entry(name, header_field(at, MODE), data, (u32)size);
        at = data + ALIGN_UP(size, 4);
    }
    if (board.initrd_end > board.initrd_start) printk("initrd: damaged archive\n");
}
