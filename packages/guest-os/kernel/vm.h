/* Address spaces: areas of user memory whose pages appear when they are touched. */
#pragma once
#include "arch/pagetable.h"
#include "fault.h"
#include "types.h"

struct inode;

/* [start, end) with one set of rights. The first `file_bytes` come from `file` at `file_offset`, the rest is zero. */
struct area {
    u64 start, end;
    u32 prot;
    struct inode *file; /* NULL for anonymous memory */
    u64 file_offset, file_bytes;
    struct area *next; /* in order of address */
};

struct vm {
    struct pagetable pagetable;
    struct area *areas;
    u64 heap_start, heap_end; /* brk */
};

bool vm_create(struct vm *vm);
/* A copy-on-write copy. False, with nothing left behind, when memory is exhausted. */
bool vm_copy(struct vm *to, struct vm *from);
/* Gives all areas and pages back; the page table stays valid (and may be the active one). */
void vm_release_pages(struct vm *vm);
void vm_destroy(struct vm *vm);

/* Makes the page at `address` accessible if its area permits; 0, or the signal for the process. */
u32 vm_fault(struct vm *vm, u64 address, enum access access);

/* An area from a template, which must meet no other. False when memory is exhausted. */
bool vm_add(struct vm *vm, struct area area);
bool vm_is_free(const struct vm *vm, u64 start, u64 end);
/* A free place of `size` bytes in the mmap part, or 0. */
u64 vm_find_free(const struct vm *vm, u64 size);
bool vm_unmap(struct vm *vm, u64 start, u64 end);
/* 0 or -errno. */
long vm_protect(struct vm *vm, u64 start, u64 end, u32 prot);
