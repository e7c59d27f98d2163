import type { Process } from '../processes/process.ts';
import type { Pipe } from './pipe.ts';

/** What files, directories and the rest have in common: what stat tells. */
interface InodeAttributes {
  readonly number: number;
  /** Permission bits. */
  mode: number;
  links: number;
  /** Virtual time of the last change, nanoseconds since 1970. */
  modified: bigint;
}

export interface FileInode extends InodeAttributes {
  readonly type: 'file';
  /** The bytes as this process reads them. Not a copy: do not keep it. */
  contents(viewer: Process | undefined): Uint8Array;
  /** Bytes written, or a negative error number. */
  write(offset: number, bytes: Uint8Array): number;
  /** 0, or a negative error number. */
  truncate(size: number): number;
  /** Its last name is gone: what it holds no longer counts as used. */
  unlinked?(): void;
}

export interface DirectoryInode extends InodeAttributes {
  readonly type: 'directory';
  lookup(name: string, viewer: Process | undefined): Inode | undefined;
  list(viewer: Process | undefined): Iterable<readonly [string, Inode]>;
  /** Absent: nothing can be made or removed here. */
  readonly entries?: Map<string, Inode>;
}

export interface SymlinkInode extends InodeAttributes {
  readonly type: 'symlink';
  target(viewer: Process | undefined): string;
}

/** A character device; `read` and `write` give bytes, or a negative error number. */
export interface DeviceInode extends InodeAttributes {
  readonly type: 'device';
  readonly major: number;
  readonly minor: number;
  read(into: Uint8Array, process: Process): number;
  write(bytes: Uint8Array, process: Process): number;
}

export interface PipeInode extends InodeAttributes {
  readonly type: 'pipe';
  readonly pipe: Pipe;
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | DeviceInode | PipeInode;

const typeBits: Readonly<Record<Inode['type'], number>> = {
  pipe: 0o010000,
  device: 0o020000,
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
};

/** st_mode of an inode (Linux include/uapi/linux/stat.h). */
export function statMode(inode: Inode): number {
  return typeBits[inode.type] | inode.mode;
}

/** d_type of an inode, as getdents64 gives it. */
export function directoryEntryType(inode: Inode): number {
  return typeBits[inode.type] >> 12;
}

export function inodeSize(inode: Inode, viewer: Process | undefined): number {
  if (inode.type === 'file') return inode.contents(viewer).length;
  return inode.type === 'symlink' ? new TextEncoder().encode(inode.target(viewer)).length : 0;
}
