#include "kmalloc.h"

#include "pmm.h"
#include "print.h"
#include "string.h"

#define SMALLEST_SHIFT 4
#define LARGEST_SHIFT 11

struct free_object {
    struct free_object *next;
};

/* One list of free objects for each power of two. Frames cut into objects stay with their list. */
static struct free_object *lists[LARGEST_SHIFT + 1];

static u32 shift_of(size_t size) {
    u32 shift = SMALLEST_SHIFT;
    while ((1UL << shift) < size) shift++;
    if (shift > LARGEST_SHIFT) panic("kmalloc of %lu bytes", size);
    return shift;
}

static void give_back(void *object, u32 shift) {
    struct free_object *entry = object;
    entry->next = lists[shift];
    lists[shift] = entry;
}

void *kmalloc(size_t size) {
    u32 shift = shift_of(size);
    if (lists[shift] == NULL) {
        u8 *frame = frame_alloc();
        if (frame == NULL) return NULL;
        for (u64 offset = PAGE_SIZE; offset > 0; offset -= 1UL << shift) give_back(frame + offset - (1UL << shift), shift);
    }
    struct free_object *object = lists[shift];
    lists[shift] = object->next;
    memset(object, 0, size);
    return object;
}

void kfree(void *object, size_t size) {
    if (object != NULL) give_back(object, shift_of(size));
}
