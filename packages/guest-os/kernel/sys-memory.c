/* System calls on the address space. */
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "process.h"
#include "syscall.h"

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20

/* The heap's area is the anonymous one that starts where the program ends. */
static struct area *heap_area(struct vm *vm) {
    struct area *area = vm->areas;
    while (area != NULL && !(area->start == vm->heap_start && area->file == NULL)) area = area->next;
    return area;
}

/* Returns the heap's end, the old one when it cannot move. */
long sys_brk(const u64 *arguments) {
    struct vm *vm = &current->vm;
    u64 wanted = arguments[0], old_end = ALIGN_UP(vm->heap_end, PAGE_SIZE), new_end = ALIGN_UP(wanted, PAGE_SIZE);
    if (wanted < vm->heap_start || wanted >= USER_MMAP_BASE) return (long)vm->heap_end;
    if (new_end > old_end) {
        struct area *heap = heap_area(vm);
        if (!vm_is_free(vm, old_end, new_end)) return (long)vm->heap_end;
        if (heap != NULL && heap->end == old_end) {
            heap->end = new_end;
        } else if (!vm_add(vm, (struct area){.start = old_end, .end = new_end, .prot = PROT_READ | PROT_WRITE})) {
            return (long)vm->heap_end;
        }
    } else if (new_end < old_end && !vm_unmap(vm, new_end, old_end)) {
        return (long)vm->heap_end;
    }
    vm->heap_end = wanted;
    return (long)wanted;
}

/* Private mappings, anonymous or of a RAM file. Arguments: address, length, prot, flags, fd, offset. */
long sys_mmap(const u64 *arguments) {
    struct vm *vm = &current->vm;
    u64 size = ALIGN_UP(arguments[1], PAGE_SIZE), flags = arguments[3], offset = arguments[5];
    struct area area = {.start = arguments[0], .prot = arguments[2] & 7};
    if (size == 0 || size > USER_END || offset % PAGE_SIZE != 0 || !(flags & MAP_PRIVATE)) return -EINVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        struct file *file = file_of(arguments[4]);
        if (file == NULL) return -EBADF;
        if (file->inode == NULL || !inode_is(file->inode, S_IFREG)) return -ENODEV;
        area.file = file->inode;
        area.file_offset = offset;
        area.file_bytes = file->inode->size > offset ? file->inode->size - offset : 0;
    }
    if (flags & MAP_FIXED) {
        if (area.start % PAGE_SIZE != 0 || area.start > USER_END - size) return -EINVAL;
        if (!vm_unmap(vm, area.start, area.start + size)) return -ENOMEM;
    } else {
        area.start = vm_find_free(vm, size);
        if (area.start == 0) return -ENOMEM;
    }
    area.end = area.start + size;
    return vm_add(vm, area) ? (long)area.start : -ENOMEM;
}

/* The page-aligned range of munmap and mprotect; false when it is not one. */
static bool range_of(const u64 *arguments, u64 *end) {
    u64 start = arguments[0], size = ALIGN_UP(arguments[1], PAGE_SIZE);
    *end = start + size;
    return start % PAGE_SIZE == 0 && size <= USER_END && start <= USER_END - size;
}

long sys_munmap(const u64 *arguments) {
    u64 end;
    if (!range_of(arguments, &end) || arguments[1] == 0) return -EINVAL;
    return vm_unmap(&current->vm, arguments[0], end) ? 0 : -ENOMEM;
}

long sys_mprotect(const u64 *arguments) {
    u64 end;
    if (!range_of(arguments, &end)) return -EINVAL;
    return vm_protect(&current->vm, arguments[0], end, arguments[2] & 7);
}
