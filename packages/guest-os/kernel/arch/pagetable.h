/*
 * Sv39 page tables (RISC-V Privileged Architecture 1.12, section 4.4). Everything that reads or changes a page table,
 * the address space or the TLB goes through these functions.
 */
#pragma once
#include "memory-layout.h"
#include "types.h"

typedef u64 pte_t;

#define PTE_VALID 0x01
#define PTE_READ 0x02
#define PTE_WRITE 0x04
#define PTE_EXECUTE 0x08
#define PTE_USER 0x10
#define PTE_GLOBAL 0x20
#define PTE_ACCESSED 0x40
#define PTE_DIRTY 0x80

/* PROT_* of mmap, also the rights of a mapping everywhere in the kernel. */
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4

struct pagetable {
    pte_t *root;
    u32 asid; /* 0: the hart has none left, each activation flushes */
};

#ifdef CONFIG_PARAVIRT /* physical addresses are the machine's: where the domain lies is known at run time */
extern u64 direct_map;
#undef DIRECT_MAP
#define DIRECT_MAP direct_map
#endif

static inline void *physical_to_virtual(u64 physical) {
    return (void *)(physical + DIRECT_MAP);
}

static inline u64 virtual_to_physical(const void *virtual) {
    return (u64)virtual - DIRECT_MAP;
}

/* Entries: a user page with rights, its frame, and what it permits. */
pte_t pte_user_page(void *frame, u32 prot);
void *pte_frame(pte_t pte);
pte_t pte_without_write(pte_t pte);
static inline bool pte_is_present(pte_t pte) {
    return pte & PTE_VALID;
}
static inline bool pte_permits(pte_t pte, u32 prot) { /* user access */
    pte_t needed = PTE_VALID | PTE_USER | (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) << 1;
    return (pte & needed) == needed;
}

/* The only writer of page-table entries. */
void set_pte(pte_t *slot, pte_t value);

/* Between these, changes may be collected; they have taken effect when `lazy_mmu_end` returns. */
#ifdef CONFIG_PARAVIRT
void lazy_mmu_begin(void);
void lazy_mmu_end(void);
/* All of the table is about to be emptied. */
void pagetable_retire(const struct pagetable *table);
#else
static inline void lazy_mmu_begin(void) {}
static inline void lazy_mmu_end(void) {}
static inline void pagetable_retire(const struct pagetable *table) {
    (void)table;
}
#endif

/* Builds the kernel's direct map and switches to it. */
void kernel_map_init(void);

/* A table with the kernel's half and no user page. False when memory is exhausted. */
bool pagetable_create(struct pagetable *table);
/* Frees the tables; the user pages must be gone and the table not active. */
void pagetable_destroy(struct pagetable *table);
/* Loads the table into the hart. */
void pagetable_activate(const struct pagetable *table);

/* The entry of a user page; NULL when there is no last-level table (`find`) or no memory for one (`find_or_create`). */
pte_t *pagetable_find(const struct pagetable *table, u64 address);
pte_t *pagetable_find_or_create(const struct pagetable *table, u64 address);
/* The first present entry at or after `*address` and below `end`, whose address goes to `*address`; else NULL. */
pte_t *pagetable_next(const struct pagetable *table, u64 *address, u64 end);

void tlb_flush_page(const struct pagetable *table, u64 address);
void tlb_flush_table(const struct pagetable *table);

/* Makes stores visible to instruction fetches. */
static inline void instruction_fence(void) {
    asm volatile("fence.i" ::: "memory");
}
