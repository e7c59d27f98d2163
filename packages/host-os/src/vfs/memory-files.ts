import { Errno } from '../errno.ts';
import type { DirectoryInode, FileInode, Inode, SymlinkInode } from './inode.ts';

const MAX_FILE_BYTES = 128 << 20;
/** Names that all directories together may have: each costs the host some memory. */
const MAX_NAMES = 100_000;

/** A file system in the host's memory (tmpfs): makes its inodes and keeps to its size. */
export class MemoryFileSystem {
  readonly #maxBytes: number;
  readonly #now: () => bigint;
  readonly #nextNumber: () => number;
  #usedBytes = 0;
  #names = 0;

  /** @param now nanoseconds since 1970. @param maxBytes of all files together; more is ENOSPC. */
  constructor(options: { readonly now: () => bigint; readonly nextNumber: () => number; readonly maxBytes?: number }) {
    this.#now = options.now;
    this.#nextNumber = options.nextNumber;
    this.#maxBytes = options.maxBytes ?? 256 << 20;
  }

  /** Takes a name into account; false when there are too many. */
  addName(): boolean {
    if (this.#names >= MAX_NAMES) return false;
    this.#names++;
    return true;
  }
  dropName(): void {
    this.#names--;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  #attributes(mode: number, links: number) {
    return { number: this.#nextNumber(), mode: mode & 0o7777, links, modified: this.#now() };
  }

  /** @param data shared until the file is changed for the first time. */
  file(mode: number, data: Uint8Array = new Uint8Array(0)): FileInode {
    let bytes = data;
    let size = data.length;
    let isOwn = false;
    let isCounted = true;
    const count = (change: number) => {
      if (isCounted) this.#usedBytes += change;
    };
    const setSize = (wanted: number): boolean => {
      const needed = this.#usedBytes + (wanted - (isOwn ? bytes.length : 0));
      if (wanted > bytes.length || !isOwn) {
        const capacity = wanted > size ? Math.max(wanted, Math.min(size * 2, MAX_FILE_BYTES)) : size;
        if (needed > this.#maxBytes) return false;
        const grown = new Uint8Array(capacity);
        grown.set(bytes.subarray(0, size));
        count(capacity - (isOwn ? bytes.length : 0));
        bytes = grown;
        isOwn = true;
      }
      if (wanted < size) bytes.fill(0, wanted, size);
      size = wanted;
      return true;
    };
    const inode: FileInode = {
      ...this.#attributes(mode, 1),
      type: 'file',
      contents: () => bytes.subarray(0, size),
      write: (offset, written) => {
        const end = offset + written.length;
        if (end > MAX_FILE_BYTES) return -Errno.EFBIG;
        if (!setSize(Math.max(size, end))) return -Errno.ENOSPC;
        bytes.set(written, offset);
        inode.modified = this.#now();
        return written.length;
      },
      truncate: (wanted) => {
        if (wanted > MAX_FILE_BYTES) return -Errno.EFBIG;
        if (!setSize(wanted)) return -Errno.ENOSPC;
        inode.modified = this.#now();
        return 0;
      },
      unlinked: () => {
        if (isOwn) count(-bytes.length);
        isCounted = false;
      },
    };
    return inode;
  }

  directory(mode: number): DirectoryInode {
    const entries = new Map<string, Inode>();
    return {
      ...this.#attributes(mode, 2),
      type: 'directory',
      entries,
      lookup: (name) => entries.get(name),
      list: () => entries,
    };
  }

  symlink(target: string): SymlinkInode {
    return { ...this.#attributes(0o777, 1), type: 'symlink', target: () => target };
  }
}
