/*
 * The kernel's half of every address space: RAM in 2 MiB pages, readable and writable; the kernel image in 4 KiB pages
 * with only the rights each section needs; the devices it drives. Firmware memory is not mapped.
 */
#include "asid.h"
#include "board.h"
#include "csr.h"
#include "pagetable.h"
#include "pmm.h"
#include "print.h"

#define MEGAPAGE (1UL << 21)
#define KERNEL_FLAGS (PTE_VALID | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY)

extern u8 text_end[], rodata_end[];

pte_t kernel_root[512] __attribute__((aligned(4096)));
static pte_t image_table[512] __attribute__((aligned(4096)));

static pte_t leaf(u64 physical, pte_t flags) {
    return physical >> PAGE_SHIFT << 10 | KERNEL_FLAGS | flags;
}

static pte_t *megapage_slot(u64 physical) {
    u64 address = (u64)physical_to_virtual(physical);
    pte_t *slot = &kernel_root[address >> 30 & 511];
    if (*slot == 0) {
        pte_t *table = frame_alloc_zeroed();
        if (table == NULL) panic("not enough memory");
        set_pte(slot, virtual_to_physical(table) >> PAGE_SHIFT << 10 | PTE_VALID);
    }
    return (pte_t *)pte_frame(*slot) + (address >> 21 & 511);
}

static void map_megapage(u64 physical) {
    physical = ALIGN_DOWN(physical, MEGAPAGE);
    set_pte(megapage_slot(physical), leaf(physical, PTE_READ | PTE_WRITE));
}

static void map_image(void) {
    for (u64 i = 0; i < 512; i++) {
        u64 physical = KERNEL_PHYSICAL + i * PAGE_SIZE;
        u8 *address = physical_to_virtual(physical);
        pte_t flags = address < text_end ? PTE_READ | PTE_EXECUTE : address < rodata_end ? PTE_READ : PTE_READ | PTE_WRITE;
        set_pte(&image_table[i], leaf(physical, flags));
    }
    set_pte(megapage_slot(KERNEL_PHYSICAL), virtual_to_physical(image_table) >> PAGE_SHIFT << 10 | PTE_VALID);
}

void kernel_map_init(void) {
    for (u64 at = KERNEL_PHYSICAL + MEGAPAGE; at < board.ram_end; at += MEGAPAGE) map_megapage(at);
    map_image();
    if (board.uart != 0) map_megapage(board.uart);
    if (board.test_device != 0) map_megapage(board.test_device);
    if (board.plic != 0) {
        map_megapage(board.plic);
        map_megapage(board.plic + MEGAPAGE); /* the contexts' thresholds and claims */
    }
    csr_write(satp, SATP_SV39 | virtual_to_physical(kernel_root) >> PAGE_SHIFT);
    asm volatile("sfence.vma" ::: "memory");
    asid_init();
}
