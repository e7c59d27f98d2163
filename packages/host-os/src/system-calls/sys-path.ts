import { Errno } from '../errno.ts';
import { realNanoseconds } from '../kernel-state.ts';
import type { Process } from '../processes/process.ts';
import { type DirectoryInode, directoryEntryType, type Inode } from '../vfs/inode.ts';
import { OpenFile, OpenFlag } from '../vfs/open-file.ts';
import { enter, type Place, pathOf } from '../vfs/place.ts';
import { fileStatus, fileSystemStatus } from '../vfs/status.ts';
import { entryArgument, placeArgument, stringArgument } from './path-argument.ts';
import type { SystemCall } from './system-call.ts';

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const RENAME_NOREPLACE = 1;

/** The directory's own table of names if something may be made or removed in it, else a negative error number. */
function writableEntries(place: Place): Map<string, Inode> | number {
  if (place.mount.isReadOnly) return -Errno.EROFS;
  return (place.inode as DirectoryInode).entries ?? -Errno.EPERM;
}

function open(process: Process, descriptor: number, path: number, flags: number, mode: number): number {
  const place = openPlace(process, descriptor, path, flags, mode);
  if (typeof place === 'number') return place;
  const { inode, mount } = place;
  const isWriting = (flags & OpenFlag.accessMode) !== OpenFlag.readOnly && (flags & OpenFlag.path) === 0;
  if (inode.type === 'symlink' && (flags & OpenFlag.path) === 0) return -Errno.ELOOP;
  if (inode.type === 'directory' ? isWriting : (flags & OpenFlag.directory) !== 0) {
    return inode.type === 'directory' ? -Errno.EISDIR : -Errno.ENOTDIR;
  }
  if (isWriting && mount.isReadOnly && inode.type === 'file') return -Errno.EROFS;
  if (flags & OpenFlag.truncate && isWriting && inode.type === 'file') {
    const error = inode.truncate(0);
    if (error < 0) return error;
  }
  const kept = flags & ~(OpenFlag.create | OpenFlag.exclusive | OpenFlag.truncate | OpenFlag.closeOnExec);
  return process.files.add(new OpenFile(inode, kept, place), (flags & OpenFlag.closeOnExec) !== 0);
}

/** Finds what to open, and makes the file when O_CREAT asks for it. */
function openPlace(process: Process, descriptor: number, path: number, flags: number, mode: number): Place | number {
  const isExclusive = (flags & OpenFlag.create) !== 0 && (flags & OpenFlag.exclusive) !== 0;
  const followsLast = (flags & OpenFlag.noFollow) === 0 && !isExclusive;
  const found = placeArgument(process, descriptor, path, { followsLast });
  if (typeof found !== 'number') return isExclusive ? -Errno.EEXIST : found;
  if (found !== -Errno.ENOENT || (flags & OpenFlag.create) === 0) return found;
  const entry = entryArgument(process, descriptor, path);
  if (typeof entry === 'number') return entry;
  if (entry.directory.inode.type === 'directory' && entry.directory.inode.lookup(entry.name, process) !== undefined) {
    return -Errno.ENOENT; // a link that leads nowhere
  }
  const entries = writableEntries(entry.directory);
  if (typeof entries === 'number') return entries;
  if (!process.kernel.memoryFileSystem().addName()) return -Errno.ENOSPC;
  const inode = process.kernel.memoryFileSystem().file(mode & ~process.umask);
  entries.set(entry.name, inode);
  return enter(process.namespaces.mount, entry.directory, entry.name, inode);
}

/** Makes an entry that must not exist yet. */
function makeEntry(process: Process, descriptor: number, path: number, make: () => Inode): number {
  const entry = entryArgument(process, descriptor, path);
  if (typeof entry === 'number') return entry;
  const directory = entry.directory.inode as DirectoryInode;
  if (['.', '..'].includes(entry.name) || directory.lookup(entry.name, process) !== undefined) return -Errno.EEXIST;
  const entries = writableEntries(entry.directory);
  if (typeof entries === 'number') return entries;
  if (!process.kernel.memoryFileSystem().addName()) return -Errno.ENOSPC;
  entries.set(entry.name, make());
  return 0;
}

function dropName(process: Process, inode: Inode): void {
  process.kernel.memoryFileSystem().dropName();
  inode.links--;
  if (inode.type === 'file' && inode.links === 0) inode.unlinked?.();
}

function unlink(process: Process, descriptor: number, path: number, flags: number): number {
  if (flags & ~AT_REMOVEDIR) return -Errno.EINVAL;
  const entry = entryArgument(process, descriptor, path);
  if (typeof entry === 'number') return entry === -Errno.EEXIST ? -Errno.EBUSY : entry;
  const { directory, name } = entry;
  if (name === '.') return -Errno.EINVAL;
  if (name === '..') return -Errno.ENOTEMPTY;
  const inode = (directory.inode as DirectoryInode).lookup(name, process);
  if (inode === undefined) return -Errno.ENOENT;
  const entries = writableEntries(directory);
  if (typeof entries === 'number') return entries;
  const wantsDirectory = (flags & AT_REMOVEDIR) !== 0;
  if (inode.type !== 'directory' && wantsDirectory) return -Errno.ENOTDIR;
  if (inode.type === 'directory') {
    if (!wantsDirectory) return -Errno.EISDIR;
    if (process.namespaces.mount.on(inode) !== undefined) return -Errno.EBUSY;
    if ((inode.entries?.size ?? 1) > 0) return -Errno.ENOTEMPTY;
  }
  dropName(process, inode);
  entries.delete(name);
  return 0;
}

function link(process: Process, from: readonly [number, number], to: readonly [number, number]): number {
  const source = placeArgument(process, ...from, { followsLast: false });
  if (typeof source === 'number') return source;
  if (source.inode.type === 'directory') return -Errno.EPERM;
  return makeEntry(process, ...to, () => {
    source.inode.links++;
    return source.inode;
  });
}

function rename(
  process: Process,
  from: readonly [number, number],
  to: readonly [number, number],
  flags: number,
): number {
  if (flags & ~RENAME_NOREPLACE) return -Errno.EINVAL;
  const source = entryArgument(process, ...from);
  if (typeof source === 'number') return source;
  const target = entryArgument(process, ...to);
  if (typeof target === 'number') return target;
  if (source.directory.mount !== target.directory.mount) return -Errno.EXDEV;
  const sourceEntries = writableEntries(source.directory);
  if (typeof sourceEntries === 'number') return sourceEntries;
  const targetEntries = writableEntries(target.directory);
  if (typeof targetEntries === 'number') return targetEntries;
  const inode = sourceEntries.get(source.name);
  if (inode === undefined) return -Errno.ENOENT;
  const replaced = targetEntries.get(target.name);
  if (replaced === inode) return 0;
  if (replaced !== undefined && flags & RENAME_NOREPLACE) return -Errno.EEXIST;
  if (inode.type === 'directory') {
    for (let at: Place | undefined = target.directory; at !== undefined; at = at.parent) {
      if (at.inode === inode) return -Errno.EINVAL;
    }
    if (replaced !== undefined && replaced.type !== 'directory') return -Errno.ENOTDIR;
    if (replaced?.type === 'directory' && (replaced.entries?.size ?? 1) > 0) return -Errno.ENOTEMPTY;
  } else if (replaced?.type === 'directory') return -Errno.EISDIR;
  if (replaced !== undefined) dropName(process, replaced);
  sourceEntries.delete(source.name);
  targetEntries.set(target.name, inode);
  return 0;
}

function status(process: Process, descriptor: number, path: number, buffer: number, flags: number): number {
  const { userMemory } = process.kernel;
  let inode: Inode | undefined;
  if (flags & AT_EMPTY_PATH && userMemory.readString(process.space, path) === '') {
    inode = descriptor === -100 ? process.directory.inode : process.files.get(descriptor)?.inode;
    if (inode === undefined) return -Errno.EBADF;
  } else {
    const place = placeArgument(process, descriptor, path, { followsLast: (flags & AT_SYMLINK_NOFOLLOW) === 0 });
    if (typeof place === 'number') return place;
    inode = place.inode;
  }
  return userMemory.write(process.space, buffer, fileStatus(inode, process)) ? 0 : -Errno.EFAULT;
}

/** getdents64: struct linux_dirent64 for as many entries as fit. */
function listDirectory(process: Process, file: OpenFile, address: number, length: number): number {
  const { inode } = file;
  if (inode.type !== 'directory') return -Errno.ENOTDIR;
  file.listing ??= [['.', inode], ['..', inode], ...inode.list(process)];
  const bytes = new Uint8Array(Math.min(length, 1 << 16));
  const view = new DataView(bytes.buffer);
  let used = 0;
  let next = file.position;
  for (; next < file.listing.length; next++) {
    const [name, entry] = file.listing[next]!;
    const encoded = new TextEncoder().encode(name);
    const size = Math.ceil((19 + encoded.length + 1) / 8) * 8;
    if (used + size > bytes.length) break;
    view.setBigUint64(used, BigInt(entry.number), true);
    view.setBigUint64(used + 8, BigInt(next + 1), true);
    view.setUint16(used + 16, size, true);
    bytes[used + 18] = directoryEntryType(entry);
    bytes.set(encoded, used + 19);
    used += size;
  }
  if (used === 0 && next < file.listing.length) return -Errno.EINVAL;
  if (!process.kernel.userMemory.write(process.space, address, bytes.subarray(0, used))) return -Errno.EFAULT;
  file.position = next;
  return used;
}

function readLink(process: Process, descriptor: number, path: number, buffer: number, size: number): number {
  const place = placeArgument(process, descriptor, path, { followsLast: false });
  if (typeof place === 'number') return place;
  if (place.inode.type !== 'symlink' || size <= 0) return -Errno.EINVAL;
  const target = new TextEncoder().encode(place.inode.target(process)).subarray(0, size);
  return process.kernel.userMemory.write(process.space, buffer, target) ? target.length : -Errno.EFAULT;
}

function currentDirectory(process: Process, buffer: number, size: number): number {
  const path = new TextEncoder().encode(`${pathOf(process.directory)}\0`);
  if (path.length > size) return -Errno.ERANGE;
  return process.kernel.userMemory.write(process.space, buffer, path) ? path.length : -Errno.EFAULT;
}

/** chdir and chroot, by path or by descriptor. */
function changeTo(place: Place | number | undefined, change: (place: Place) => void): number {
  if (place === undefined) return -Errno.EBADF;
  if (typeof place === 'number') return place;
  if (place.inode.type !== 'directory') return -Errno.ENOTDIR;
  change(place);
  return 0;
}

function changeMode(place: Place | number | undefined, mode: number): number {
  if (place === undefined) return -Errno.EBADF;
  if (typeof place === 'number') return place;
  if (place.mount.isReadOnly) return -Errno.EROFS;
  place.inode.mode = mode & 0o7777;
  return 0;
}

/** Everybody is root here: what exists may be accessed, but on a read-only file system not written. */
function access(process: Process, descriptor: number, path: number, mode: number, flags: number): number {
  const place = placeArgument(process, descriptor, path, { followsLast: (flags & AT_SYMLINK_NOFOLLOW) === 0 });
  if (typeof place === 'number') return place;
  if (mode & 2 && place.mount.isReadOnly && place.inode.type !== 'device') return -Errno.EROFS;
  return mode & 1 && place.inode.type === 'file' && (place.inode.mode & 0o111) === 0 ? -Errno.EACCES : 0;
}

const AT_FDCWD = -100;
const follow = { followsLast: true } as const;

/** System calls on names. */
export const pathCalls: readonly SystemCall[] = [
  {
    number: 17,
    name: 'getcwd',
    support: 'full',
    handler: (process, args) => currentDirectory(process, args.word(0), args.word(1)),
  },
  {
    number: 34,
    name: 'mkdirat',
    support: 'full',
    handler: (process, args) =>
      makeEntry(process, args.int(0), args.word(1), () =>
        process.kernel.memoryFileSystem().directory(args.int(2) & ~process.umask),
      ),
  },
  {
    number: 35,
    name: 'unlinkat',
    support: 'full',
    handler: (process, args) => unlink(process, args.int(0), args.word(1), args.int(2)),
  },
  {
    number: 36,
    name: 'symlinkat',
    support: 'full',
    handler: (process, args) => {
      const target = stringArgument(process, args.word(0));
      if (typeof target === 'number') return target;
      if (target === '') return -Errno.ENOENT;
      return makeEntry(process, args.int(1), args.word(2), () => process.kernel.memoryFileSystem().symlink(target));
    },
  },
  {
    number: 37,
    name: 'linkat',
    support: 'partial',
    note: 'without AT_EMPTY_PATH',
    handler: (process, args) => link(process, [args.int(0), args.word(1)], [args.int(2), args.word(3)]),
  },
  {
    number: 43,
    name: 'statfs',
    support: 'partial',
    note: 'every file system says tmpfs',
    handler: (process, args) => {
      const place = placeArgument(process, AT_FDCWD, args.word(0), follow);
      if (typeof place === 'number') return place;
      return process.kernel.userMemory.write(process.space, args.word(1), fileSystemStatus()) ? 0 : -Errno.EFAULT;
    },
  },
  {
    number: 48,
    name: 'faccessat',
    support: 'full',
    handler: (process, args) => access(process, args.int(0), args.word(1), args.int(2), 0),
  },
  {
    number: 49,
    name: 'chdir',
    support: 'full',
    handler: (process, args) =>
      changeTo(placeArgument(process, AT_FDCWD, args.word(0), follow), (place) => {
        process.directory = place;
      }),
  },
  {
    number: 50,
    name: 'fchdir',
    support: 'full',
    handler: (process, args) =>
      changeTo(process.files.get(args.int(0))?.place, (place) => {
        process.directory = place;
      }),
  },
  {
    number: 51,
    name: 'chroot',
    support: 'full',
    handler: (process, args) =>
      changeTo(placeArgument(process, AT_FDCWD, args.word(0), follow), (place) => {
        process.root = { ...place, name: '', parent: undefined };
      }),
  },
  {
    number: 52,
    name: 'fchmod',
    support: 'full',
    handler: (process, args) => changeMode(process.files.get(args.int(0))?.place, args.int(1)),
  },
  {
    number: 53,
    name: 'fchmodat',
    support: 'full',
    handler: (process, args) => changeMode(placeArgument(process, args.int(0), args.word(1), follow), args.int(2)),
  },
  {
    number: 54,
    name: 'fchownat',
    support: 'partial',
    note: 'everything belongs to root, and stays so',
    handler: (process, args) => {
      const place = placeArgument(process, args.int(0), args.word(1), follow);
      return typeof place === 'number' ? place : 0;
    },
  },
  {
    number: 55,
    name: 'fchown',
    support: 'partial',
    note: 'everything belongs to root, and stays so',
    handler: (process, args) => (process.files.get(args.int(0)) ? 0 : -Errno.EBADF),
  },
  {
    number: 56,
    name: 'openat',
    support: 'full',
    handler: (process, args) => open(process, args.int(0), args.word(1), args.int(2), args.int(3)),
  },
  {
    number: 61,
    name: 'getdents64',
    support: 'full',
    handler: (process, args) => {
      const file = process.files.get(args.int(0));
      return file === undefined ? -Errno.EBADF : listDirectory(process, file, args.word(1), args.word(2));
    },
  },
  {
    number: 78,
    name: 'readlinkat',
    support: 'full',
    handler: (process, args) => readLink(process, args.int(0), args.word(1), args.word(2), args.int(3)),
  },
  {
    number: 79,
    name: 'newfstatat',
    support: 'full',
    handler: (process, args) => status(process, args.int(0), args.word(1), args.word(2), args.int(3)),
  },
  {
    number: 80,
    name: 'fstat',
    support: 'full',
    handler: (process, args) => {
      const file = process.files.get(args.int(0));
      if (file === undefined) return -Errno.EBADF;
      const bytes = fileStatus(file.inode, process);
      return process.kernel.userMemory.write(process.space, args.word(1), bytes) ? 0 : -Errno.EFAULT;
    },
  },
  {
    number: 88,
    name: 'utimensat',
    support: 'partial',
    note: 'sets the time of change to now',
    handler: (process, args) => {
      const { kernel } = process;
      const place =
        args.word(1) === 0
          ? process.files.get(args.int(0))?.place
          : placeArgument(process, args.int(0), args.word(1), follow);
      if (place === undefined) return -Errno.EBADF;
      if (typeof place === 'number') return place;
      place.inode.modified = realNanoseconds(kernel.hardware, kernel.epoch);
      return 0;
    },
  },
  {
    number: 166,
    name: 'umask',
    support: 'full',
    handler: (process, args) => {
      const old = process.umask;
      process.umask = args.int(0) & 0o777;
      return old;
    },
  },
  {
    number: 276,
    name: 'renameat2',
    support: 'partial',
    note: 'RENAME_NOREPLACE only',
    handler: (process, args) => rename(process, [args.int(0), args.word(1)], [args.int(2), args.word(3)], args.int(4)),
  },
  {
    number: 439,
    name: 'faccessat2',
    support: 'full',
    handler: (process, args) => access(process, args.int(0), args.word(1), args.int(2), args.int(3)),
  },
];
