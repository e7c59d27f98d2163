/* Contents of files: bytes of the initrd as long as nobody writes, then frames in a two-level table. */
#include "errno.h"
#include "inode.h"
#include "pmm.h"
#include "string.h"

#define POINTERS (PAGE_SIZE / sizeof(void *))
#define LARGEST_FILE (POINTERS * POINTERS * PAGE_SIZE)

static const u8 hole[PAGE_SIZE];

const u8 *inode_data(struct inode *inode, u64 offset, size_t *available) {
    if (offset >= inode->size) return NULL;
    u64 in_page = offset & (PAGE_SIZE - 1), page = offset >> PAGE_SHIFT;
    *available = MIN(PAGE_SIZE - in_page, inode->size - offset);
    if (inode->image != NULL) return inode->image + offset;
    void **chunk = inode->chunks == NULL ? NULL : inode->chunks[page / POINTERS];
    const u8 *data = chunk == NULL ? NULL : chunk[page % POINTERS];
    return (data == NULL ? hole : data) + in_page;
}

size_t inode_read(struct inode *inode, u64 offset, void *to, size_t count) {
    size_t done = 0;
    while (done < count) {
        size_t available;
        const u8 *data = inode_data(inode, offset + done, &available);
        if (data == NULL) break;
        size_t part = MIN(available, count - done);
        memcpy((u8 *)to + done, data, part);
        done += part;
    }
    return done;
}

/* The pointer in `*slot`, which becomes a zeroed frame when it is NULL. */
static void *fill(void **slot) {
    if (*slot == NULL) *slot = frame_alloc_zeroed();
    return *slot;
}

static u8 *page_of(struct inode *inode, u64 offset) {
    u64 page = offset >> PAGE_SHIFT;
    if (offset >= LARGEST_FILE || fill((void **)&inode->chunks) == NULL) return NULL;
    void **chunk = fill((void **)&inode->chunks[page / POINTERS]);
    return chunk == NULL ? NULL : fill(&chunk[page % POINTERS]);
}

/* Copies the initrd's bytes into frames before the first write. */
static bool leave_image(struct inode *inode) {
    const u8 *image = inode->image;
    if (image == NULL) return true;
    for (u64 at = 0; at < inode->size; at += PAGE_SIZE) {
        u8 *page = page_of(inode, at);
        if (page == NULL) return false;
        memcpy(page, image + at, MIN(PAGE_SIZE, inode->size - at));
    }
    inode->image = NULL;
    return true;
}

u8 *inode_space(struct inode *inode, u64 offset, size_t *available) {
    if (!leave_image(inode)) return NULL;
    u64 in_page = offset & (PAGE_SIZE - 1);
    u8 *page = page_of(inode, offset);
    *available = PAGE_SIZE - in_page;
    return page == NULL ? NULL : page + in_page;
}

static void release_from(struct inode *inode, u64 first_page) {
    if (inode->chunks == NULL) return;
    for (u64 i = first_page / POINTERS; i < POINTERS; i++) {
        void **chunk = inode->chunks[i];
        if (chunk == NULL) continue;
        u64 from = i == first_page / POINTERS ? first_page % POINTERS : 0;
        for (u64 j = from; j < POINTERS; j++) {
            if (chunk[j] != NULL) frame_put(chunk[j]);
            chunk[j] = NULL;
        }
        if (from == 0) {
            frame_put(chunk);
            inode->chunks[i] = NULL;
        }
    }
    if (first_page == 0) {
        frame_put(inode->chunks);
        inode->chunks = NULL;
    }
}

long inode_truncate(struct inode *inode, u64 size) {
    if (size > LARGEST_FILE) return -EFBIG;
    if (size == 0) {
        inode->image = NULL;
    } else if (!leave_image(inode)) {
        return -ENOSPC;
    }
    if (size < inode->size) {
        release_from(inode, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT);
        size_t tail;
        u8 *end = size % PAGE_SIZE == 0 ? NULL : inode_space(inode, size, &tail);
        if (end != NULL) memset(end, 0, tail);
    }
    inode->size = size;
    return 0;
}
