import type { MountSpec } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';
import type { Kernel } from '../kernel-state.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { makeDirectory, pathNames } from './file-tree.ts';
import type { DirectoryInode, Inode } from './inode.ts';
import { walk } from './place.ts';
import { createProc } from './proc.ts';

/** The root of a new file system of this type, or undefined when there is no such type. */
export function createFileSystem(kernel: Kernel, namespaces: Namespaces, type: string): DirectoryInode | undefined {
  switch (type) {
    case 'proc':
      return createProc(kernel, namespaces.pid);
    case 'tmpfs':
    case 'ramfs':
      return kernel.memoryFileSystem().directory(0o1777);
    case 'devtmpfs':
    case 'dev':
      return kernel.deviceDirectory;
    case 'sysfs':
      return kernel.memoryFileSystem().directory(0o555);
    default:
      return undefined;
  }
}

/** Mounts what a spec asks for, before the process starts. Missing directories on the way are made. Throws HostOsError. */
export function makeMount(kernel: Kernel, namespaces: Namespaces, spec: MountSpec): void {
  const mounts = namespaces.mount;
  const names = pathNames(spec.destination);
  if (names.length === 0) throw new HostOsError('EINVAL', 'nothing can be mounted on /: give the root instead');
  const rootPlace = mounts.rootPlace;
  const walker = { start: rootPlace, root: rootPlace, mounts, viewer: undefined };
  let point: Inode;
  const place = walk(walker, spec.destination, { followsLast: true });
  if (typeof place === 'number') {
    point = makeDirectory(kernel.memoryFileSystem(), rootPlace.inode as DirectoryInode, names);
  } else point = place.inode;
  if (point.type !== 'directory') throw new HostOsError('ENOTDIR', `${spec.destination} is no directory`);
  const root = spec.type === 'bind' ? bindSource(kernel, spec.source) : createFileSystem(kernel, namespaces, spec.type);
  if (root === undefined) throw new HostOsError('EINVAL', `there is no file system type ${JSON.stringify(spec.type)}`);
  mounts.mount(point, {
    root,
    isReadOnly: spec.readOnly ?? false,
    type: spec.type === 'bind' ? 'tmpfs' : spec.type,
    source: spec.source ?? spec.type,
    path: spec.destination,
  });
}

/** A directory of the host. */
function bindSource(kernel: Kernel, source: string | undefined): DirectoryInode {
  const mounts = kernel.hostNamespaces.mount;
  const root = mounts.rootPlace;
  const place = walk({ start: root, root, mounts, viewer: undefined }, source ?? '', { followsLast: true });
  if (typeof place === 'number' || place.inode.type !== 'directory') {
    throw new HostOsError('ENOENT', `the host has no directory ${JSON.stringify(source ?? '')} to bind`);
  }
  return place.inode;
}
