#include "pagetable.h"

#include "asid.h"
#include "csr.h"
#include "pmm.h"
#include "print.h"

#define ENTRIES 512
#define LEVELS 3
#define KERNEL_ENTRIES_START 256

extern pte_t kernel_root[ENTRIES];

static u32 index_at(u64 address, u32 level) {
    return address >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static pte_t pte_of(const void *frame, pte_t flags) {
    return virtual_to_physical(frame) >> PAGE_SHIFT << 10 | flags;
}

void *pte_frame(pte_t pte) {
    return physical_to_virtual(pte << 10 >> 20 << PAGE_SHIFT);
}

/* Accessed and dirty are set from the start: the kernel swaps nothing out, and harts may fault instead of setting them. */
pte_t pte_user_page(void *frame, u32 prot) {
    pte_t flags = PTE_VALID | PTE_ACCESSED | PTE_DIRTY;
    if (prot & PROT_WRITE) prot |= PROT_READ; /* writable without readable is reserved */
    if (prot == 0) return pte_of(frame, flags | PTE_READ); /* no access: not a user page */
    return pte_of(frame, flags | PTE_USER | (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) << 1);
}

pte_t pte_without_write(pte_t pte) {
    return pte & ~(pte_t)PTE_WRITE;
}

#ifndef CONFIG_PARAVIRT
void set_pte(pte_t *slot, pte_t value) {
    *(volatile pte_t *)slot = value;
}
#endif

static pte_t *table_page_alloc(void) {
    return frame_alloc_zeroed();
}

static void table_page_free(pte_t *page) {
    frame_put(page);
}

bool pagetable_create(struct pagetable *table) {
    table->root = table_page_alloc();
    if (table->root == NULL) return false;
#ifndef CONFIG_PARAVIRT
    for (u32 i = KERNEL_ENTRIES_START; i < ENTRIES; i++) {
        if (kernel_root[i] != 0) set_pte(&table->root[i], kernel_root[i]);
    }
#endif
    table->asid = asid_alloc();
    return true;
}

void pagetable_destroy(struct pagetable *table) {
    for (u32 i = 0; i < KERNEL_ENTRIES_START; i++) {
        if (!pte_is_present(table->root[i])) continue;
        pte_t *middle = pte_frame(table->root[i]);
        for (u32 j = 0; j < ENTRIES; j++) {
            if (pte_is_present(middle[j])) table_page_free(pte_frame(middle[j]));
        }
        table_page_free(middle);
    }
    table_page_free(table->root);
    asid_free(table->asid);
    table->root = NULL;
}

#ifndef CONFIG_PARAVIRT
void pagetable_activate(const struct pagetable *table) {
    csr_write(satp, SATP_SV39 | (u64)table->asid << SATP_ASID_SHIFT | virtual_to_physical(table->root) >> PAGE_SHIFT);
    if (table->asid == 0) tlb_flush_table(table);
}
#endif

pte_t *pagetable_find(const struct pagetable *table, u64 address) {
    pte_t *page = table->root;
    for (u32 level = LEVELS - 1; level > 0; level--) {
        pte_t pte = page[index_at(address, level)];
        if (!pte_is_present(pte)) return NULL;
        page = pte_frame(pte);
    }
    return &page[index_at(address, 0)];
}

pte_t *pagetable_find_or_create(const struct pagetable *table, u64 address) {
    pte_t *page = table->root;
    for (u32 level = LEVELS - 1; level > 0; level--) {
        pte_t *slot = &page[index_at(address, level)];
        pte_t pte = *slot;
        if (!pte_is_present(pte)) {
            pte_t *lower = table_page_alloc();
            if (lower == NULL) return NULL;
            pte = pte_of(lower, PTE_VALID);
            set_pte(slot, pte);
        }
        page = pte_frame(pte);
    }
    return &page[index_at(address, 0)];
}

pte_t *pagetable_next(const struct pagetable *table, u64 *address, u64 end) {
    u64 at = *address;
    while (at < end) {
        pte_t *slot = pagetable_find(table, at);
        if (slot == NULL) {
            at = ALIGN_DOWN(at, PAGE_SIZE * ENTRIES) + PAGE_SIZE * ENTRIES;
            continue;
        }
        for (u32 i = index_at(at, 0); i < ENTRIES && at < end; i++, slot++, at += PAGE_SIZE) {
            if (!pte_is_present(*slot)) continue;
            *address = at;
            return slot;
        }
    }
    return NULL;
}

#ifndef CONFIG_PARAVIRT
void tlb_flush_page(const struct pagetable *table, u64 address) {
    asm volatile("sfence.vma %0, %1" ::"r"(address), "r"((u64)table->asid) : "memory");
}

void tlb_flush_table(const struct pagetable *table) {
    asm volatile("sfence.vma x0, %0" ::"r"((u64)table->asid) : "memory");
}
#endif
