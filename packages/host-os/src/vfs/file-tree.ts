import type { FileTree } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';
import type { DirectoryInode, Inode } from './inode.ts';
import type { MemoryFileSystem } from './memory-files.ts';

/** Names of an absolute path. Throws HostOsError EINVAL for one with `.`, `..` or an empty name in it. */
export function pathNames(path: string): string[] {
  const names = path.split('/').slice(1);
  if (names.at(-1) === '') names.pop();
  if (!path.startsWith('/') || names.some((name) => name === '' || name === '.' || name === '..')) {
    throw new HostOsError('EINVAL', `not an absolute path of a file tree: ${JSON.stringify(path)}`);
  }
  return names;
}

/** Directory at this path below `root`, made where it is missing. Throws HostOsError ENOTDIR. */
export function makeDirectory(
  fileSystem: MemoryFileSystem,
  root: DirectoryInode,
  names: readonly string[],
): DirectoryInode {
  let directory = root;
  for (const name of names) {
    let next: Inode | undefined = directory.lookup(name, undefined);
    if (next === undefined) {
      next = fileSystem.directory(0o755);
      if (directory.entries === undefined)
        throw new HostOsError('EINVAL', `nothing can be made in /${names.join('/')}`);
      directory.entries.set(name, next);
    }
    if (next.type !== 'directory') throw new HostOsError('ENOTDIR', `${name} in /${names.join('/')} is no directory`);
    directory = next;
  }
  return directory;
}

/** A tree in memory. Files share the given bytes until they are written to. Throws HostOsError. */
export function mountFileTree(fileSystem: MemoryFileSystem, tree: FileTree): DirectoryInode {
  const root = fileSystem.directory(0o755);
  addFiles(fileSystem, root, tree);
  return root;
}

/**
 * Puts files into a directory, in place of those with the same names; whoever has one of these open keeps it.
 * Throws HostOsError when a file would take the place of a directory, or the other way round.
 */
export function addFiles(fileSystem: MemoryFileSystem, root: DirectoryInode, tree: FileTree): void {
  for (const [path, entry] of tree) {
    const names = pathNames(path);
    const name = names.pop();
    if (name === undefined) {
      if (entry.type === 'directory') root.mode = entry.mode & 0o7777;
      continue;
    }
    const parent = makeDirectory(fileSystem, root, names);
    const existing = parent.lookup(name, undefined);
    if (entry.type === 'directory') {
      if (existing?.type === 'directory') existing.mode = entry.mode & 0o7777;
      else if (existing !== undefined) throw new HostOsError('ENOTDIR', `${path} is a ${existing.type}`);
      else parent.entries?.set(name, fileSystem.directory(entry.mode));
    } else if (existing?.type === 'directory') {
      throw new HostOsError('EINVAL', `${path} is both a directory and a ${entry.type} in the file tree`);
    } else {
      parent.entries?.set(
        name,
        entry.type === 'file' ? fileSystem.file(entry.mode, entry.data) : fileSystem.symlink(entry.target),
      );
    }
  }
}
