/* Names: the tree of the RAM file system. Contents are in inode-data.c. */
#include "inode.h"

#include "kmalloc.h"
#include "print.h"
#include "string.h"

struct inode *root_inode;
static u32 last_number;

static struct inode *allocate(const char *name, size_t length, u32 mode) {
    struct inode *inode = kmalloc(sizeof(*inode));
    if (inode == NULL) return NULL;
    inode->name = kmalloc(length + 1);
    if (inode->name == NULL) {
        kfree(inode, sizeof(*inode));
        return NULL;
    }
    memcpy(inode->name, name, length);
    inode->mode = mode;
    inode->number = ++last_number;
    inode->references = 1;
    return inode;
}

static void create_device(struct inode *directory, const char *name, enum device device) {
    struct inode *inode = inode_create(directory, name, strlen(name), S_IFCHR | 0666);
    if (inode == NULL) panic("not enough memory");
    inode->device = device;
}

void inode_init(void) {
    root_inode = allocate("", 0, S_IFDIR | 0755);
    if (root_inode == NULL) panic("not enough memory");
    root_inode->parent = root_inode;
    struct inode *dev = inode_create(root_inode, "dev", 3, S_IFDIR | 0755);
    if (dev == NULL) panic("not enough memory");
    create_device(dev, "console", DEVICE_TTY);
    create_device(dev, "tty", DEVICE_TTY);
    create_device(dev, "null", DEVICE_NULL);
}

void inode_get(struct inode *inode) {
    inode->references++;
}

void inode_put(struct inode *inode) {
    if (inode == NULL || --inode->references != 0) return;
    inode_truncate(inode, 0);
    kfree(inode->name, strlen(inode->name) + 1);
    kfree(inode, sizeof(*inode));
}

struct inode *inode_lookup(struct inode *directory, const char *name, size_t length) {
    for (struct inode *child = directory->children; child != NULL; child = child->next) {
        if (strncmp(child->name, name, length) == 0 && child->name[length] == 0) return child;
    }
    return NULL;
}

/* New names go to the end, so that a directory lists in the order of creation. */
struct inode *inode_create(struct inode *directory, const char *name, size_t length, u32 mode) {
    struct inode *inode = allocate(name, length, mode);
    if (inode == NULL) return NULL;
    struct inode **link = &directory->children;
    while (*link != NULL) link = &(*link)->next;
    *link = inode;
    inode->parent = directory;
    inode_get(directory);
    return inode;
}

void inode_unlink(struct inode *inode) {
    struct inode *directory = inode->parent;
    for (struct inode **link = &directory->children; *link != NULL; link = &(*link)->next) {
        if (*link != inode) continue;
        *link = inode->next;
        break;
    }
    inode->next = NULL;
    inode->parent = root_inode; /* for whoever still has it open or stands in it */
    inode_put(directory);
    inode_put(inode);
}
