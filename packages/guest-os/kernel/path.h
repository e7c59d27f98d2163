/* Path names. */
#pragma once
#include "inode.h"

#define LONGEST_PATH 256 /* with the final zero; Linux allows 4096 */
#define AT_FDCWD (-100)

/* The inode of a path relative to `directory`, symbolic links followed; its reference is not counted. 0 or -errno. */
long path_find(struct inode *directory, const char *path, struct inode **found);
/* The directory that holds the path's last name, and that name: for creating and removing. */
long path_find_parent(struct inode *directory, const char *path, struct inode **parent, const char **name, size_t *length);
/* Writes the absolute path of a directory; its length, or -ERANGE. */
long path_of(const struct inode *directory, char *to, size_t size);
