#include "usercopy.h"

#include "errno.h"
#include "process.h"
#include "string.h"

/* The direct-map address of a user byte, after faulting its page in; NULL when the process may not access it so. */
static u8 *user_byte(u64 address, enum access access) {
    struct vm *vm = &current->vm;
    if (address >= USER_END) return NULL;
    u32 needed = access == ACCESS_WRITE ? PROT_WRITE : PROT_READ;
    pte_t *slot = pagetable_find(&vm->pagetable, address);
    if (slot == NULL || !pte_permits(*slot, needed)) {
        if (vm_fault(vm, address, access) != 0) return NULL;
        slot = pagetable_find(&vm->pagetable, address);
    }
    return (u8 *)pte_frame(*slot) + (address & (PAGE_SIZE - 1));
}

static size_t bytes_to_page_end(u64 address) {
    return PAGE_SIZE - (address & (PAGE_SIZE - 1));
}

long copy_from_user(void *to, u64 from, size_t count) {
    while (count > 0) {
        const u8 *source = user_byte(from, ACCESS_READ);
        if (source == NULL) return -EFAULT;
        size_t part = MIN(count, bytes_to_page_end(from));
        memcpy(to, source, part);
        to = (u8 *)to + part, from += part, count -= part;
    }
    return 0;
}

long copy_to_user(u64 to, const void *from, size_t count) {
    while (count > 0) {
        u8 *destination = user_byte(to, ACCESS_WRITE);
        if (destination == NULL) return -EFAULT;
        size_t part = MIN(count, bytes_to_page_end(to));
        memcpy(destination, from, part);
        from = (const u8 *)from + part, to += part, count -= part;
    }
    return 0;
}

long copy_string_from_user(char *to, u64 from, size_t size) {
    size_t length = 0;
    while (length < size) {
        const u8 *source = user_byte(from + length, ACCESS_READ);
        if (source == NULL) return -EFAULT;
        size_t part = MIN(size - length, bytes_to_page_end(from + length));
        for (size_t i = 0; i < part; i++, length++) {
            to[length] = (char)source[i];
            if (source[i] == 0) return (long)length;
        }
    }
    return -ENAMETOOLONG;
}
