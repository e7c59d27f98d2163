#!/bin/busybox sh
# First process of the initial RAM disk. With root= it goes on to that file system, else there is a shell.
/bin/busybox mkdir -p /proc /sys /dev /mnt /root /tmp /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root PS1='worldswitch# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

# load NAME: a kernel module with what it depends on.
cat >/bin/load <<'END'
#!/bin/sh
while read -r module; do
  grep -q "^$module " /proc/modules || insmod "/lib/modules/$module.ko" || exit 1
done <"/lib/modules/$1.list"
END
chmod 755 /bin/load
root='' init=/sbin/init flags=ro
for word in $(cat /proc/cmdline); do
  case "$word" in
    root=*) root="${word#root=}" ;;
    init=*) init="${word#init=}" ;;
    rw) flags=rw ;;
    ro) flags=ro ;;
  esac
done
if [ -n "$root" ]; then
  for module in $(cat /lib/modules/boot.list); do load "$module"; done
  tries=0
  while [ ! -b "$root" ] && [ "$tries" -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  if mount -o "$flags" "$root" /mnt; then
    umount /proc /sys
    mount --move /dev /mnt/dev
    exec switch_root /mnt "$init"
  fi
  echo "the root file system $root cannot be mounted"
fi
echo "init: $(uname -srm), $(nproc) hart(s)"
setsid -c sh -i </dev/console >/dev/console 2>&1
sync
poweroff -f
