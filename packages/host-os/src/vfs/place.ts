import { Errno } from '../errno.ts';
import type { MountNamespace } from '../namespaces/mount-namespace.ts';
import type { Process } from '../processes/process.ts';
import type { DirectoryInode, Inode } from './inode.ts';

/** A file system where it is mounted. */
export interface Mount {
  readonly root: DirectoryInode;
  readonly isReadOnly: boolean;
  /** As /proc/mounts shows them. */
  readonly type: string;
  readonly source: string;
  readonly path: string;
}

/** An inode and the way to it from the root of whoever walked there, so that `..` and the path are known. */
export interface Place {
  readonly inode: Inode;
  readonly mount: Mount;
  readonly name: string;
  /** Absent for the walker's root. */
  readonly parent: Place | undefined;
}

export interface Walker {
  /** Where relative paths start. */
  readonly start: Place;
  readonly root: Place;
  readonly mounts: MountNamespace;
  readonly viewer: Process | undefined;
}

const MAX_LINKS = 40;
const MAX_NAME = 255;

/** Absolute path of a place as its walker sees it. */
export function pathOf(place: Place): string {
  const names: string[] = [];
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
  return `/${names.join('/')}`;
}

/** Where an inode found in `parent` is: inside of what is mounted on it, if anything is. */
export function enter(mounts: MountNamespace, parent: Place, name: string, found: Inode): Place {
  let inode = found;
  let mount = parent.mount;
  for (let next = mounts.on(inode); next !== undefined; next = mounts.on(inode)) {
    mount = next;
    if (inode === next.root) break;
    inode = next.root;
  }
  return { inode, mount, name, parent };
}

/** The place a path leads to, or a negative error number. */
export function walk(walker: Walker, path: string, options: { readonly followsLast: boolean }): Place | number {
  if (path === '') return -Errno.ENOENT;
  let place = path.startsWith('/') ? walker.root : walker.start;
  const pending = path.split('/').reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (place.inode.type !== 'directory') return -Errno.ENOTDIR;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      place = place.parent ?? place;
      continue;
    }
    if (name.length > MAX_NAME) return -Errno.ENAMETOOLONG;
    const inode = place.inode.lookup(name, walker.viewer);
    if (inode === undefined) return -Errno.ENOENT;
    if (inode.type === 'symlink' && (pending.length > 0 || options.followsLast)) {
      if (++links > MAX_LINKS) return -Errno.ELOOP;
      const target = inode.target(walker.viewer);
      if (target === '') return -Errno.ENOENT;
      if (target.startsWith('/')) place = walker.root;
      pending.push(...target.split('/').reverse());
      continue;
    }
    place = enter(walker.mounts, place, name, inode);
  }
  return place;
}

/** The directory that a path's last name is in, and that name; or a negative error number. The name need not exist. */
export function walkToParent(
  walker: Walker,
  path: string,
): { readonly directory: Place; readonly name: string } | number {
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return path === '' ? -Errno.ENOENT : -Errno.EEXIST;
  const slash = trimmed.lastIndexOf('/');
  const name = trimmed.slice(slash + 1);
  if (name.length > MAX_NAME) return -Errno.ENAMETOOLONG;
  const before = slash < 0 ? '.' : trimmed.slice(0, slash) || '/';
  const directory = walk(walker, before, { followsLast: true });
  if (typeof directory === 'number') return directory;
  return directory.inode.type === 'directory' ? { directory, name } : -Errno.ENOTDIR;
}
