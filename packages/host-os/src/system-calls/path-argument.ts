import { Errno } from '../errno.ts';
import type { Process } from '../processes/process.ts';
import { type Place, type Walker, walk, walkToParent } from '../vfs/place.ts';

const AT_FDCWD = -100;

/** The string at a user address, or a negative error number. */
export function stringArgument(process: Process, address: number): string | number {
  const text = process.kernel.userMemory.readString(process.space, address);
  if (text === undefined) return -Errno.EFAULT;
  return text === 'too-long' ? -Errno.ENAMETOOLONG : text;
}

/** Where a path relative to `descriptor` starts, or a negative error number. */
function walkerAt(process: Process, descriptor: number, path: string): Walker | number {
  if (descriptor === AT_FDCWD || path.startsWith('/')) return process.walker;
  const file = process.files.get(descriptor);
  if (file === undefined) return -Errno.EBADF;
  if (file.place === undefined || file.inode.type !== 'directory') return -Errno.ENOTDIR;
  return { ...process.walker, start: file.place };
}

/** The place that a system call's (dirfd, path) leads to, or a negative error number. */
export function placeArgument(
  process: Process,
  descriptor: number,
  address: number,
  options: { readonly followsLast: boolean },
): Place | number {
  const path = stringArgument(process, address);
  if (typeof path === 'number') return path;
  const walker = walkerAt(process, descriptor, path);
  return typeof walker === 'number' ? walker : walk(walker, path, options);
}

/** The directory and name that a system call's (dirfd, path) says, for making or removing it; or a negative error number. */
export function entryArgument(
  process: Process,
  descriptor: number,
  address: number,
): { readonly directory: Place; readonly name: string } | number {
  const path = stringArgument(process, address);
  if (typeof path === 'number') return path;
  const walker = walkerAt(process, descriptor, path);
  return typeof walker === 'number' ? walker : walkToParent(walker, path);
}
