/* ls [DIRECTORY]: names in alphabetical order, directories with a slash. */
#include "program.h"

#define MOST_NAMES 256
#define DT_DIR 4

struct directory_entry {
    u64 inode, next;
    u16 size;
    u8 type;
    char name[];
} __attribute__((packed));

static char entries[16384];
static struct directory_entry *sorted[MOST_NAMES];
static u64 count;

static void insert(struct directory_entry *entry) {
    if (entry->name[0] == '.' || count == MOST_NAMES) return;
    u64 at = count++;
    for (; at > 0 && strcmp(sorted[at - 1]->name, entry->name) > 0; at--) sorted[at] = sorted[at - 1];
    sorted[at] = entry;
}

int main(int argc, char **argv, char **envp) {
    (void)envp;
    const char *path = argc > 1 ? argv[1] : ".";
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), used = 0, size;
    if (fd < 0) {
        complain("ls", path);
        return 1;
    }
    while ((size = syscall(SYS_getdents64, fd, entries + used, sizeof(entries) - (size_t)used)) > 0) {
        for (long at = used; at < used + size; at += ((struct directory_entry *)(entries + at))->size) {
            insert((struct directory_entry *)(entries + at));
        }
        used += size;
    }
    for (u64 i = 0; i < count; i++) {
        print(sorted[i]->name);
        print(sorted[i]->type == DT_DIR ? "/\n" : "\n");
    }
    return 0;
}
