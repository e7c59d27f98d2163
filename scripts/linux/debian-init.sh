#!/bin/bash
# First process of the Debian root file system: a shell on the console, and then a clean end, as the shell's status says.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-vt100}"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
echo debian >/proc/sys/kernel/hostname
mount -o remount,rw /
cd /root
echo "init: $(. /etc/os-release && echo "$PRETTY_NAME"), $(uname -srm), $(nproc) hart(s)"
PS1='debian# ' setsid -c bash --norc -i </dev/console >/dev/console 2>&1
status=$?
sync
umount /tmp /run /dev/pts
mount -o remount,ro /
echo "init: the root file system is read-only, the shell ended with $status"
echo o >/proc/sysrq-trigger
sleep 60
