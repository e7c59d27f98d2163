#pragma once

/* Fills the RAM file system from the initrd, a cpio archive in "newc" form. A damaged archive is reported, not fatal. */
void initramfs_unpack(void);
