import { Errno } from '../errno.ts';
import type { Process } from '../processes/process.ts';
import type { WaitQueue } from '../schedule/wait-queue.ts';
import type { Inode } from './inode.ts';
import { type Place, pathOf } from './place.ts';

/** Flags of openat (Linux include/uapi/asm-generic/fcntl.h). */
export const OpenFlag = {
  accessMode: 3,
  readOnly: 0,
  writeOnly: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  nonBlocking: 0o4000,
  directory: 0o200000,
  noFollow: 0o400000,
  closeOnExec: 0o2000000,
  path: 0o10000000,
} as const;

/** Result of a read or write that has to wait: on `queue`. */
export const WOULD_BLOCK = -2_000_000;

/** An open file description (open(2)): an inode, a position, and the descriptors that share them. */
export class OpenFile {
  readonly inode: Inode;
  readonly place: Place | undefined;
  flags: number;
  position = 0;
  /** Entries of a directory, as they were when reading it began. */
  listing: readonly (readonly [string, Inode])[] | undefined;
  #references = 1;

  constructor(inode: Inode, flags: number, place?: Place) {
    this.inode = inode;
    this.flags = flags;
    this.place = place;
    if (inode.type === 'pipe') inode.pipe.changeEnds(this.canRead ? 1 : 0, this.canWrite ? 1 : 0);
  }

  get canRead(): boolean {
    return (this.flags & OpenFlag.accessMode) !== OpenFlag.writeOnly && (this.flags & OpenFlag.path) === 0;
  }
  get canWrite(): boolean {
    return (this.flags & OpenFlag.accessMode) !== OpenFlag.readOnly && (this.flags & OpenFlag.path) === 0;
  }
  /** As /proc/<pid>/fd shows it. */
  get path(): string {
    if (this.inode.type === 'pipe') return `pipe:[${this.inode.number}]`;
    return this.place === undefined ? '/dev/console' : pathOf(this.place);
  }

  share(): this {
    this.#references++;
    return this;
  }
  release(): void {
    if (--this.#references > 0 || this.inode.type !== 'pipe') return;
    this.inode.pipe.changeEnds(this.canRead ? -1 : 0, this.canWrite ? -1 : 0);
  }

  /** Bytes read, a negative error number, or WOULD_BLOCK. @param offset default: the file's position, which moves on. */
  read(into: Uint8Array, process: Process, offset?: number): number {
    if (!this.canRead) return -Errno.EBADF;
    const { inode } = this;
    switch (inode.type) {
      case 'file': {
        const at = offset ?? this.position;
        const bytes = inode.contents(process).subarray(at, at + into.length);
        into.set(bytes);
        if (offset === undefined) this.position += bytes.length;
        return bytes.length;
      }
      case 'pipe':
        return offset !== undefined ? -Errno.ESPIPE : (inode.pipe.read(into) ?? WOULD_BLOCK);
      case 'device':
        return inode.read(into, process);
      case 'directory':
        return -Errno.EISDIR;
      case 'symlink':
        return -Errno.EINVAL;
    }
  }

  write(bytes: Uint8Array, process: Process, offset?: number): number {
    if (!this.canWrite) return -Errno.EBADF;
    const { inode } = this;
    switch (inode.type) {
      case 'file': {
        const end = inode.contents(process).length;
        const at = this.flags & OpenFlag.append ? end : (offset ?? this.position);
        const written = inode.write(at, bytes);
        if (written > 0 && offset === undefined) this.position = at + written;
        return written;
      }
      case 'pipe':
        return offset !== undefined ? -Errno.ESPIPE : (inode.pipe.write(bytes) ?? WOULD_BLOCK);
      case 'device':
        return inode.write(bytes, process);
      case 'directory':
        return -Errno.EISDIR;
      case 'symlink':
        return -Errno.EINVAL;
    }
  }

  get isReadable(): boolean {
    return this.canRead && (this.inode.type !== 'pipe' || this.inode.pipe.canRead);
  }
  get isWritable(): boolean {
    return this.canWrite && (this.inode.type !== 'pipe' || this.inode.pipe.canWrite);
  }
  /** What to wait on until it can be read or written. */
  queue(forWriting: boolean): readonly WaitQueue[] {
    if (this.inode.type !== 'pipe') return [];
    return [forWriting ? this.inode.pipe.writable : this.inode.pipe.readable];
  }
}
