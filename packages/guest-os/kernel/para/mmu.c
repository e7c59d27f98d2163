/*
 * A process's tables are built in ordinary memory. When it is first run, they are made read-only in the direct map and
 * pinned: from then on the hardware walks them, and each change is a hypercall, batched where the kernel says so. When its
 * pages are released, the tables become ordinary memory again. Whether a table is in use is seen in the direct map.
 */
#include "mmu.h"

#include "arch/pagetable.h"
#include "hypercall.h"
#include "print.h"

#define ENTRIES 512
#define MOST_UPDATES 128
#define LEAF_RIGHTS (PTE_READ | PTE_WRITE | PTE_EXECUTE)

u64 direct_map; /* virtual minus machine address */

static u64 virtual_base;
static pte_t *map_entries; /* of the direct map: one a frame, read-only */
static struct mmu_update updates[MOST_UPDATES];
static u64 update_count;
static struct mmuext_op retiring[2]; /* operations that must come before the collected updates */
static u64 retiring_count;
static bool is_lazy;
static pte_t *new_table_slot; /* gets `new_table` with the next flush: until then that is filled as ordinary memory */
static pte_t new_table;
static const pte_t *active_root;

void mmu_init(const struct start_info *info) {
    virtual_base = info->virtual_base;
    map_entries = (pte_t *)info->direct_map_table;
}

static pte_t *map_entry(const void *address) {
    return &map_entries[((u64)address - virtual_base) >> PAGE_SHIFT];
}

/* The page is a table that the hypervisor has validated (or kernel code, which nobody asks about). */
static bool is_in_use(const void *address) {
    return !(*map_entry(address) & PTE_WRITE);
}

static u64 frame_number(const void *page) {
    return virtual_to_physical(page) >> PAGE_SHIFT;
}

static void check(long status, long expected) {
    if (status != expected) panic("the hypervisor refused a change of page tables: %ld", status);
}

/* Operations and the collected updates in one trap, the updates first or last. */
static void operate(const struct mmuext_op *operations, u64 count, bool are_updates_last) {
    struct multicall calls[2];
    u64 first = are_updates_last ? 1 : 0, second = 1 - first;
    calls[first] = (struct multicall){HYPERCALL_mmu_update, 0, {(u64)updates, update_count}};
    calls[second] = (struct multicall){HYPERCALL_mmuext_op, 0, {(u64)operations, count}};
    check(hypercall2(HYPERCALL_multicall, (u64)calls, 2), 0);
    check(calls[first].result, (long)update_count);
    check(calls[second].result, (long)count);
    update_count = 0;
}

static void protect_new_table(void);

static void flush_updates(void) {
    if (new_table_slot != NULL) protect_new_table();
    u64 count = update_count;
    update_count = 0;
    if (count != 0) check(hypercall2(HYPERCALL_mmu_update, (u64)updates, count), (long)count);
}

static void update(const pte_t *entry, pte_t value) {
    if (update_count == MOST_UPDATES) {
        if (retiring_count != 0) {
            operate(retiring, retiring_count, true);
            retiring_count = 0;
        }
        flush_updates();
    }
    updates[update_count++] = (struct mmu_update){virtual_to_physical(entry), value};
}

static void set_writable(const void *page, bool is_writable) {
    const pte_t *entry = map_entry(page);
    update(entry, is_writable ? *entry | PTE_WRITE : *entry & ~(pte_t)PTE_WRITE);
}

/* The next present entry at or after `i`, ENTRIES when there is none. Tables are mostly empty: eight at a time. */
static u32 next_present(const pte_t *table, u32 i) {
    while (i < ENTRIES) {
        const pte_t *at = &table[i];
        if (i % 8 == 0 && (at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7]) == 0) {
            i += 8;
        } else if (pte_is_present(*at)) {
            break;
        } else {
            i++;
        }
    }
    return i;
}

static void set_leaf_tables_writable(const pte_t *middle, bool is_writable) {
    for (u32 i = 0; (i = next_present(middle, i)) < ENTRIES; i++) set_writable(pte_frame(middle[i]), is_writable);
}

static void set_tables_writable(const pte_t *root, bool is_writable) {
    for (u32 i = 0; (i = next_present(root, i)) < ENTRIES; i++) {
        const pte_t *middle = pte_frame(root[i]);
        set_leaf_tables_writable(middle, is_writable);
        set_writable(middle, is_writable);
    }
    set_writable(root, is_writable);
}

/* Tables below the new one are there already when it is a middle one. */
static void protect_new_table(void) {
    pte_t *slot = new_table_slot;
    const pte_t *table = pte_frame(new_table);
    bool is_middle = (const pte_t *)((u64)slot & PAGE_MASK) == active_root;
    new_table_slot = NULL;
    if (is_middle) set_leaf_tables_writable(table, false);
    set_writable(table, false);
    update(slot, new_table);
}

void set_pte(pte_t *slot, pte_t value) {
    if (!is_in_use(slot)) {
        *(volatile pte_t *)slot = value;
        return;
    }
    if (pte_is_present(value) && !(value & LEAF_RIGHTS)) {
        if (new_table_slot != NULL) flush_updates();
        new_table_slot = slot;
        new_table = value;
    } else {
        update(slot, value);
    }
    if (!is_lazy) flush_updates();
}

/* The hypervisor forgets stale translations with each change of an entry. */
void tlb_flush_page(const struct pagetable *table, u64 address) {
    (void)table, (void)address;
}

void tlb_flush_table(const struct pagetable *table) {
    (void)table;
}

void lazy_mmu_begin(void) {
    is_lazy = true;
}

void lazy_mmu_end(void) {
    is_lazy = false;
    flush_updates();
}

void pagetable_activate(const struct pagetable *table) {
    if (table->root == active_root) return;
    active_root = table->root;
    u64 frame = frame_number(table->root);
    const struct mmuext_op operations[] = {{MMUEXT_NEW_USER_BASEPTR, frame}, {MMUEXT_PIN_L3_TABLE, frame}};
    if (is_in_use(table->root)) {
        check(hypercall2(HYPERCALL_mmuext_op, (u64)operations, 1), 1);
    } else {
        set_tables_writable(table->root, false);
        operate(operations, 2, false);
    }
}

void pagetable_retire(const struct pagetable *table) {
    if (!is_in_use(table->root)) return;
    if (table->root == active_root) {
        active_root = NULL;
        retiring[retiring_count++] = (struct mmuext_op){MMUEXT_NEW_USER_BASEPTR, 0};
    }
    retiring[retiring_count++] = (struct mmuext_op){MMUEXT_UNPIN_TABLE, frame_number(table->root)};
    set_tables_writable(table->root, true);
    if (retiring_count != 0) operate(retiring, retiring_count, true);
    retiring_count = 0;
    flush_updates();
}
