import { GuestOsError } from './guest-os-error.ts';

/** A file of the guest's RAM file system. */
export interface InitrdFile {
  /** Absolute path, for example `/bin/hello`. Missing directories on the way are made. */
  readonly path: string;
  readonly data: Uint8Array;
  /** Permission bits; 0o644 when left out. */
  readonly mode?: number;
}

export interface InitrdContents {
  readonly files?: readonly InitrdFile[];
  /** The program to run: a file with mode 0o755. */
  readonly program?: { readonly path: string; readonly data: Uint8Array };
}

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

function pathParts(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  if (!path.startsWith('/') || parts.length === 0 || parts.some((part) => part === '.' || part === '..')) {
    throw new GuestOsError(`an initrd file needs an absolute path without "." and "..": ${JSON.stringify(path)}`);
  }
  return parts;
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

/** One entry: header of 110 characters, name with its zero, contents; name and contents padded to 4 bytes. */
function entry(inode: number, name: string, mode: number, data: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const dataStart = padded(header.length + nameBytes.length);
  const bytes = new Uint8Array(dataStart + padded(data.length));
  bytes.set(new TextEncoder().encode(header));
  bytes.set(nameBytes, header.length);
  bytes.set(data, dataStart);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * An initrd for the guest kernel: a cpio archive in "newc" form (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst). The same contents give the same bytes.
 *
 * @throws GuestOsError for a relative path or one that is given twice.
 */
export function createInitrd(contents: InitrdContents): Uint8Array {
  const { program } = contents;
  const files: InitrdFile[] = [...(contents.files ?? [])];
  if (program !== undefined) files.push({ ...program, mode: 0o755 });

  const seen = new Map<string, 'directory' | 'file'>();
  const entries: Uint8Array[] = [];
  const add = (name: string, mode: number, data: Uint8Array) => {
    seen.set(name, mode & DIRECTORY ? 'directory' : 'file');
    entries.push(entry(entries.length + 1, name, mode, data));
  };
  for (const file of files) {
    const parts = pathParts(file.path);
    for (let depth = 1; depth < parts.length; depth++) {
      const directory = parts.slice(0, depth).join('/');
      if (seen.get(directory) === 'file')
        throw new GuestOsError(`/${directory} is a file and a directory in the initrd`);
      if (!seen.has(directory)) add(directory, DIRECTORY | 0o755, new Uint8Array());
    }
    const name = parts.join('/');
    if (seen.has(name)) throw new GuestOsError(`/${name} is in the initrd twice`);
    add(name, REGULAR | ((file.mode ?? 0o644) & 0o7777), file.data);
  }
  entries.push(entry(0, 'TRAILER!!!', 0, new Uint8Array()));
  return concatenate(entries);
}
