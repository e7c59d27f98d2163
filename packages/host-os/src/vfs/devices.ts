import { Errno } from '../errno.ts';
import type { DeviceInode, DirectoryInode } from './inode.ts';
import type { MemoryFileSystem } from './memory-files.ts';

interface DeviceOptions {
  readonly major: number;
  readonly minor: number;
  readonly read: DeviceInode['read'];
  readonly write: DeviceInode['write'];
}

function createDevice(number: number, options: DeviceOptions): DeviceInode {
  return { ...options, number, type: 'device', mode: 0o666, links: 1, modified: 0n };
}

/** The console of a process's tree; output goes where that of the descriptor goes. */
export function createConsole(number: number, descriptor: 1 | 2): DeviceInode {
  return createDevice(number, {
    major: 5,
    minor: 1,
    read: (into, process) => process.tree.readInput(into),
    write: (bytes, process) => process.tree.writeOutput(bytes, descriptor),
  });
}

const acceptAll = (bytes: Uint8Array) => bytes.length;

/** A directory with the devices every program counts on (Linux Documentation/admin-guide/devices.txt). */
export function createDeviceDirectory(
  fileSystem: MemoryFileSystem,
  nextNumber: () => number,
  random: () => number,
): DirectoryInode {
  const directory = fileSystem.directory(0o755);
  const add = (name: string, options: DeviceOptions) =>
    directory.entries?.set(name, createDevice(nextNumber(), options));
  const fillRandom = (into: Uint8Array) => {
    for (let index = 0; index < into.length; index++) into[index] = random() * 256;
    return into.length;
  };
  add('null', { major: 1, minor: 3, read: () => 0, write: acceptAll });
  add('zero', { major: 1, minor: 5, read: (into) => into.fill(0).length, write: acceptAll });
  add('full', { major: 1, minor: 7, read: (into) => into.fill(0).length, write: () => -Errno.ENOSPC });
  add('random', { major: 1, minor: 8, read: fillRandom, write: acceptAll });
  add('urandom', { major: 1, minor: 9, read: fillRandom, write: acceptAll });
  for (const name of ['console', 'tty']) directory.entries?.set(name, createConsole(nextNumber(), 1));
  directory.entries?.set('fd', fileSystem.symlink('/proc/self/fd'));
  const standard = ['stdin', 'stdout', 'stderr'];
  for (const [descriptor, name] of standard.entries()) {
    directory.entries?.set(name, fileSystem.symlink(`/proc/self/fd/${descriptor}`));
  }
  return directory;
}
