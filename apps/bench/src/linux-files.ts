import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where a kernel and an initial RAM disk with busybox are: what scripts/linux/fetch.mjs makes. */
export interface LinuxFiles {
  readonly kernel: string;
  readonly initrd: string;
}

/** The files of a folder, there or not. */
export function linuxFilesIn(folder: string): LinuxFiles {
  return { kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd.cpio') };
}

/** What to say and do where they are not there. */
export function missingLinuxFiles(folder: string): string | undefined {
  const { kernel, initrd } = linuxFilesIn(folder);
  if (existsSync(kernel) && existsSync(initrd)) return undefined;
  return `no kernel and initrd.cpio in ${folder}: run node scripts/linux/fetch.mjs, or give --linux FOLDER`;
}
