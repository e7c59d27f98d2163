#include "path.h"

#include "errno.h"
#include "kmalloc.h"
#include "string.h"

#define MOST_LINKS 8

static size_t name_length(const char *path) {
    size_t length = 0;
    while (path[length] != 0 && path[length] != '/') length++;
    return length;
}

static const char *skip_slashes(const char *path) {
    while (*path == '/') path++;
    return path;
}

static long follow(struct inode *directory, const char *path, u32 links, struct inode **found);

/* One step from a directory to the inode of one name. */
static long step(struct inode *directory, const char *name, size_t length, u32 links, struct inode **found) {
    if (!inode_is(directory, S_IFDIR)) return -ENOTDIR;
    if (length > LONGEST_NAME) return -ENAMETOOLONG;
    if (length == 1 && name[0] == '.') return *found = directory, 0;
    if (length == 2 && name[0] == '.' && name[1] == '.') return *found = directory->parent, 0;
    struct inode *child = inode_lookup(directory, name, length);
    if (child == NULL) return -ENOENT;
    *found = child;
    if (!inode_is(child, S_IFLNK)) return 0;
    if (links == 0) return -ELOOP;
    char *target = kmalloc(LONGEST_PATH); /* not on the stack: links may lead to links */
    if (target == NULL) return -ENOMEM;
    inode_read(child, 0, target, LONGEST_PATH - 1);
    long error = follow(directory, target, links - 1, found);
    kfree(target, LONGEST_PATH);
    return error;
}

static long follow(struct inode *directory, const char *path, u32 links, struct inode **found) {
    if (*path == 0) return -ENOENT;
    *found = *path == '/' ? root_inode : directory;
    for (path = skip_slashes(path); *path != 0; path = skip_slashes(path)) {
        size_t length = name_length(path);
        long error = step(*found, path, length, links, found);
        if (error != 0) return error;
        path += length;
        if (*path == '/' && !inode_is(*found, S_IFDIR)) return -ENOTDIR;
    }
    return 0;
}

long path_find(struct inode *directory, const char *path, struct inode **found) {
    return follow(directory, path, MOST_LINKS, found);
}

long path_find_parent(struct inode *directory, const char *path, struct inode **parent, const char **name, size_t *length) {
    if (*path == 0) return -ENOENT;
    *parent = *path == '/' ? root_inode : directory;
    for (path = skip_slashes(path);; path = skip_slashes(path)) {
        *name = path;
        *length = name_length(path);
        if (*length > LONGEST_NAME) return -ENAMETOOLONG;
        if (*skip_slashes(path + *length) == 0) break;
        long error = step(*parent, path, *length, MOST_LINKS, parent);
        if (error != 0) return error;
        path += *length;
    }
    if (!inode_is(*parent, S_IFDIR)) return -ENOTDIR;
    return *length == 0 ? -EEXIST : 0;
}

/* Built from the end of the buffer towards its start. */
long path_of(const struct inode *directory, char *to, size_t size) {
    char path[LONGEST_PATH];
    size_t start = sizeof(path) - 1;
    path[start] = 0;
    for (; directory != root_inode; directory = directory->parent) {
        size_t length = strlen(directory->name);
        if (length + 1 > start) return -ERANGE;
        start -= length;
        memcpy(path + start, directory->name, length);
        path[--start] = '/';
    }
    if (path[start] == 0) path[--start] = '/';
    size_t length = sizeof(path) - start;
    if (length > size) return -ERANGE;
    memcpy(to, path + start, length);
    return (long)length;
}
