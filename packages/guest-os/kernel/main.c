/* Where boot.S arrives: brings the kernel up part by part and becomes the scheduler. */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/pagetable.h"
#include "arch/plic.h"
#include "arch/timer.h"
#include "board.h"
#include "command-line.h"
#include "initramfs.h"
#include "inode.h"
#include "pmm.h"
#include "print.h"
#include "process.h"
#include "schedule.h"
#include "tty.h"

__attribute__((noreturn)) void kernel_main(u64 hart, u64 device_tree) {
    trap_init();
    board_init(hart, device_tree);
    command_line_init();
    pmm_init();
    kernel_map_init();
    tty_init();
    console_init();
    printk("worldswitch guest kernel: hart %lu, %lu KiB of %lu KiB free\n", hart, frames_free() * 4, frames_total() * 4);
    inode_init();
    initramfs_unpack();
    plic_init();
    timer_init();
    process_init();
    printk("starting %s\n", command_line.init);
    schedule();
    panic("the boot stack was scheduled");
}
