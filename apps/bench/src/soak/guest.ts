import { createInitrd } from '@worldswitch/guest-os';
import { bytesApart, readApart } from '../as-the-command.ts';
import type { LinuxFiles } from '../linux-files.ts';

export const SOAK_ARGUMENTS = 'console=ttyS0 quiet rdinit=/soak/init';

/** What the guest writes when it has done everything once more. */
export const ROUND_MARK = /\[round (\d+)\]/g;

/**
 * The first process: for ever, programs that come and go, pipes, files made and removed, text sorted and packed, and the code that
 * churn writes. All of it differs from round to round, and nothing is kept.
 */
const SCRIPT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /soak/work
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /soak/work 2>/dev/null
PATH=/soak/work:/bin
mkdir -p /soak/files
cd /soak/files
round=1
while :; do
  /soak/churn $round >/dev/null || echo "[churn failed]"
  i=0
  while [ $i -lt 40 ]; do
    sh -c "echo $i $round" >line.$i
    i=$((i + 1))
  done
  cat line.* | sort -rn | md5sum >sum
  rm line.*
  awk -v seed=$round 'BEGIN { srand(seed); for (i = 0; i < 4000; i++) print int(rand() * 1e6), i, seed }' >numbers
  sort -n numbers | uniq | gzip >numbers.gz
  gunzip -c numbers.gz | sha256sum >>sum
  tar cf all.tar numbers numbers.gz sum
  tar tf all.tar >/dev/null
  sed 's/1/one/g' numbers | grep -c one >/dev/null
  find / -xdev -type f 2>/dev/null | wc -l >/dev/null
  ps >/dev/null
  dd if=/dev/urandom of=noise bs=64k count=16 2>/dev/null
  bzip2 noise
  rm -f numbers numbers.gz noise.bz2 all.tar sum
  echo "[round $round]"
  round=$((round + 1))
done
`;

/** The RAM disk of the folder with the work added: Linux unpacks one archive after the other. */
export function soakInitrd(files: LinuxFiles, churn: Uint8Array): Uint8Array {
  const ours = createInitrd({
    program: { path: '/soak/init', data: new TextEncoder().encode(SCRIPT) },
    files: [{ path: '/soak/churn', data: churn, mode: 0o755 }],
  });
  const theirs = readApart(files.initrd);
  const begin = (theirs.length + 3) & ~3;
  const both = bytesApart(begin + ours.length);
  both.set(theirs);
  both.set(ours, begin);
  return both;
}
