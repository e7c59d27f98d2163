/* What start_info says, in the place of a device tree. "Physical" addresses are those of the machine. */
#include "board.h"

#include "arch/pagetable.h"
#include "para/hypercall.h"
#include "para/mmu.h"
#include "print.h"
#include "string.h"

struct board board;

void board_init(u64 hart, u64 start) {
    const struct start_info *info = (const struct start_info *)start;
    if (memcmp(info->magic, "WSPARA01", sizeof(info->magic)) != 0) panic("no start_info at %p", (void *)start);
    direct_map = info->virtual_base - (info->first_frame << PAGE_SHIFT);
    mmu_init(info);
    board.hart = hart;
    board.timebase = info->time_frequency;
    board.ram_start = info->first_frame << PAGE_SHIFT;
    board.ram_end = board.ram_start + (info->frame_count << PAGE_SHIFT);
    if (info->initrd_size != 0) {
        board.initrd_start = virtual_to_physical((const void *)info->initrd);
        board.initrd_end = board.initrd_start + info->initrd_size;
    }
    memcpy(board.command_line, info->command_line, sizeof(board.command_line) - 1);
}
