/*
 * The allocator hands out frames from a frontier that moves up through RAM, and from a list of returned frames. So
 * booting touches no frame that nobody asked for: in a virtual machine each first touch costs a fill.
 */
#include "pmm.h"

#include "arch/pagetable.h"
#include "board.h"
#include "print.h"
#include "string.h"

extern u8 kernel_end[];

struct free_frame {
    struct free_frame *next;
};

static struct range {
    u64 start, end;
} reserved[3];

static u16 *references; /* of each frame from ram_start; valid below the frontier */
static u64 frontier;
static struct free_frame *free_list;
static u64 free_count;

static u16 *references_of(void *frame) {
    return &references[(virtual_to_physical(frame) - board.ram_start) >> PAGE_SHIFT];
}

/* The lowest address from `start` on where `size` bytes meet no reserved range. */
static u64 skip_reserved(u64 start, u64 size) {
    for (u64 i = 0; i < COUNT_OF(reserved); i++) {
        if (start < reserved[i].end && start + size > reserved[i].start) {
            start = reserved[i].end;
            i = -1UL;
        }
    }
    return start;
}

static u64 reserved_frames_above(u64 address) {
    u64 bytes = 0;
    for (u64 i = 0; i < COUNT_OF(reserved); i++) {
        if (reserved[i].start >= address && reserved[i].end <= board.ram_end) bytes += reserved[i].end - reserved[i].start;
    }
    return bytes >> PAGE_SHIFT;
}

void pmm_init(void) {
    u64 kernel = virtual_to_physical(kernel_end);
    reserved[0] = (struct range){board.ram_start, ALIGN_UP(kernel, PAGE_SIZE)};
    reserved[1] = (struct range){ALIGN_DOWN(board.dtb_start, PAGE_SIZE), ALIGN_UP(board.dtb_end, PAGE_SIZE)};
    reserved[2] = (struct range){ALIGN_DOWN(board.initrd_start, PAGE_SIZE), ALIGN_UP(board.initrd_end, PAGE_SIZE)};

    u64 frames = (board.ram_end - board.ram_start) >> PAGE_SHIFT;
    u64 size = ALIGN_UP(frames * sizeof(u16), PAGE_SIZE);
    u64 table = skip_reserved(board.ram_start, size);
    if (table + size > board.ram_end) panic("not enough memory");
    references = physical_to_virtual(table);
    frontier = table + size;
    free_count = (board.ram_end - frontier) / PAGE_SIZE - reserved_frames_above(frontier);
}

void *frame_alloc(void) {
    void *frame;
    if (free_list != NULL) {
        frame = free_list;
        free_list = free_list->next;
    } else {
        frontier = skip_reserved(frontier, PAGE_SIZE);
        if (frontier + PAGE_SIZE > board.ram_end) return NULL;
        frame = physical_to_virtual(frontier);
        frontier += PAGE_SIZE;
    }
    *references_of(frame) = 1;
    free_count--;
    return frame;
}

void *frame_alloc_zeroed(void) {
    void *frame = frame_alloc();
    if (frame != NULL) zero_page(frame);
    return frame;
}

void frame_get(void *frame) {
    ++*references_of(frame);
}

void frame_put(void *frame) {
    if (--*references_of(frame) != 0) return;
    struct free_frame *entry = frame;
    entry->next = free_list;
    free_list = entry;
    free_count++;
}

bool frame_is_shared(void *frame) {
    return *references_of(frame) > 1;
}

u64 frames_free(void) {
    return free_count;
}

u64 frames_total(void) {
    return (board.ram_end - board.ram_start) >> PAGE_SHIFT;
}
