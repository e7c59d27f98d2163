#include "vm.h"

#include "errno.h"
#include "inode.h"
#include "kmalloc.h"
#include "pmm.h"
#include "signal.h"
#include "string.h"

bool vm_create(struct vm *vm) {
    memset(vm, 0, sizeof(*vm));
    return pagetable_create(&vm->pagetable);
}

static struct area *area_at(const struct vm *vm, u64 address) {
    for (struct area *area = vm->areas; area != NULL && area->start <= address; area = area->next) {
        if (address < area->end) return area;
    }
    return NULL;
}

static void area_free(struct area *area) {
    inode_put(area->file);
    kfree(area, sizeof(*area));
}

static void release_range(struct vm *vm, u64 start, u64 end) {
    pte_t *slot;
    lazy_mmu_begin();
    for (u64 at = start; (slot = pagetable_next(&vm->pagetable, &at, end)) != NULL; at += PAGE_SIZE) {
        void *frame = pte_frame(*slot);
        set_pte(slot, 0);
        frame_put(frame);
    }
    lazy_mmu_end();
}

void vm_release_pages(struct vm *vm) {
    pagetable_retire(&vm->pagetable);
    while (vm->areas != NULL) {
        struct area *area = vm->areas;
        release_range(vm, area->start, area->end);
        vm->areas = area->next;
        area_free(area);
    }
}

void vm_destroy(struct vm *vm) {
    vm_release_pages(vm);
    pagetable_destroy(&vm->pagetable);
}

/* Both sides lose the right to write; the first to write gets a copy (see vm_fault). */
static bool share_range(struct vm *to, struct vm *from, const struct area *area) {
    pte_t *slot;
    for (u64 at = area->start; (slot = pagetable_next(&from->pagetable, &at, area->end)) != NULL; at += PAGE_SIZE) {
        pte_t *copy = pagetable_find_or_create(&to->pagetable, at);
        if (copy == NULL) return false;
        pte_t pte = pte_without_write(*slot);
        if (pte != *slot) set_pte(slot, pte);
        frame_get(pte_frame(pte));
        set_pte(copy, pte);
    }
    return true;
}

bool vm_copy(struct vm *to, struct vm *from) {
    if (!vm_create(to)) return false;
    to->heap_start = from->heap_start;
    to->heap_end = from->heap_end;
    bool is_done = true;
    lazy_mmu_begin();
    for (struct area *area = from->areas; area != NULL && is_done; area = area->next) {
        is_done = vm_add(to, *area) && share_range(to, from, area);
    }
    lazy_mmu_end();
    tlb_flush_table(&from->pagetable);
    if (!is_done) vm_destroy(to);
    return is_done;
}

/* A new page of an area: zeroes, and what the file has for it. */
static void *new_page(const struct area *area, u64 address) {
    void *frame = frame_alloc_zeroed();
    u64 offset = address - area->start;
    if (frame != NULL && area->file != NULL && offset < area->file_bytes) {
        u64 count = MIN(PAGE_SIZE, area->file_bytes - offset);
        inode_read(area->file, area->file_offset + offset, frame, count);
    }
    return frame;
}

/* A write to a present page that forbids it: the only owner gets the right, any other a copy. */
static bool own_page(struct vm *vm, u64 address, pte_t *slot, u32 prot) {
    void *frame = pte_frame(*slot);
    if (frame_is_shared(frame)) {
        void *copy = frame_alloc();
        if (copy == NULL) return false;
        copy_page(copy, frame);
        set_pte(slot, pte_user_page(copy, prot));
        frame_put(frame);
    } else {
        set_pte(slot, pte_user_page(frame, prot));
    }
    tlb_flush_page(&vm->pagetable, address);
    return true;
}

u32 vm_fault(struct vm *vm, u64 address, enum access access) {
    static const u32 needed_for[] = {PROT_READ, PROT_WRITE, PROT_EXEC};
    u32 needed = needed_for[access];
    struct area *area = area_at(vm, address);
    if (area == NULL || !(area->prot & needed)) return SIGSEGV;
    address = ALIGN_DOWN(address, PAGE_SIZE);
    pte_t *slot = pagetable_find_or_create(&vm->pagetable, address);
    if (slot == NULL) return SIGKILL;

    if (pte_permits(*slot, needed)) {
        /* The TLB held the entry from before it became valid (Privileged 1.12, section 4.2.1). */
        tlb_flush_page(&vm->pagetable, address);
    } else if (pte_is_present(*slot)) {
        if (!own_page(vm, address, slot, area->prot)) return SIGKILL;
    } else {
        void *frame = new_page(area, address);
        if (frame == NULL) return SIGKILL;
        set_pte(slot, pte_user_page(frame, area->prot));
    }
    if (area->prot & PROT_EXEC) instruction_fence();
    return 0;
}

bool vm_add(struct vm *vm, struct area template) {
    struct area *area = kmalloc(sizeof(*area));
    if (area == NULL) return false;
    *area = template;
    if (area->file != NULL) inode_get(area->file);
    struct area **link = &vm->areas;
    while (*link != NULL && (*link)->start < area->start) link = &(*link)->next;
    area->next = *link;
    *link = area;
    return true;
}

bool vm_is_free(const struct vm *vm, u64 start, u64 end) {
    for (struct area *area = vm->areas; area != NULL; area = area->next) {
        if (area->start < end && start < area->end) return false;
    }
    return true;
}

u64 vm_find_free(const struct vm *vm, u64 size) {
    u64 start = USER_MMAP_BASE;
    for (struct area *area = vm->areas; area != NULL; area = area->next) {
        if (area->end <= start) continue;
        if (area->start >= start + size) break;
        start = area->end;
    }
    return size <= USER_END && start + size <= USER_END ? start : 0;
}

/* Makes `address` a border between areas. */
static bool split_at(struct vm *vm, u64 address) {
    struct area *area = area_at(vm, address);
    if (area == NULL || area->start == address) return true;
    struct area rest = *area;
    u64 offset = address - area->start;
    rest.start = address;
    rest.file_offset += offset;
    rest.file_bytes = area->file_bytes > offset ? area->file_bytes - offset : 0;
    if (!vm_add(vm, rest)) return false;
    area->end = address;
    area->file_bytes = MIN(area->file_bytes, offset);
    return true;
}

bool vm_unmap(struct vm *vm, u64 start, u64 end) {
    if (!split_at(vm, start) || !split_at(vm, end)) return false;
    for (struct area **link = &vm->areas; *link != NULL;) {
        struct area *area = *link;
        if (area->start < start || area->end > end) {
            link = &area->next;
            continue;
        }
        release_range(vm, area->start, area->end);
        *link = area->next;
        area_free(area);
    }
    tlb_flush_table(&vm->pagetable);
    return true;
}

/* A right to write that comes back is given by the next fault, which also sees shared pages. */
static void protect_pages(struct vm *vm, const struct area *area) {
    pte_t *slot;
    for (u64 at = area->start; (slot = pagetable_next(&vm->pagetable, &at, area->end)) != NULL; at += PAGE_SIZE) {
        set_pte(slot, pte_without_write(pte_user_page(pte_frame(*slot), area->prot)));
    }
}

long vm_protect(struct vm *vm, u64 start, u64 end, u32 prot) {
    if (!split_at(vm, start) || !split_at(vm, end)) return -ENOMEM;
    u64 covered = 0;
    lazy_mmu_begin();
    for (struct area *area = vm->areas; area != NULL; area = area->next) {
        if (area->start < start || area->end > end) continue;
        covered += area->end - area->start;
        area->prot = prot;
        protect_pages(vm, area);
    }
    lazy_mmu_end();
    tlb_flush_table(&vm->pagetable);
    return covered == end - start ? 0 : -ENOMEM;
}
