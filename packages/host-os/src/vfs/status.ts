import type { Process } from '../processes/process.ts';
import { type Inode, inodeSize, statMode } from './inode.ts';

const BLOCK_SIZE = 4096;
const TMPFS_MAGIC = 0x0102_1994;

/** struct stat of an inode (Linux include/uapi/asm-generic/stat.h). */
export function fileStatus(inode: Inode, viewer: Process): Uint8Array {
  const bytes = new Uint8Array(128);
  const view = new DataView(bytes.buffer);
  const size = inodeSize(inode, viewer);
  view.setBigUint64(0, 1n, true);
  view.setBigUint64(8, BigInt(inode.number), true);
  view.setUint32(16, statMode(inode), true);
  view.setUint32(20, inode.links, true);
  if (inode.type === 'device') view.setBigUint64(32, BigInt((inode.major << 8) | inode.minor), true);
  view.setBigUint64(48, BigInt(size), true);
  view.setUint32(56, BLOCK_SIZE, true);
  view.setBigUint64(64, BigInt(Math.ceil(size / 512)), true);
  for (const offset of [72, 88, 104]) {
    view.setBigUint64(offset, inode.modified / 1_000_000_000n, true);
    view.setBigUint64(offset + 8, inode.modified % 1_000_000_000n, true);
  }
  return bytes;
}

/** struct statfs (Linux include/uapi/asm-generic/statfs.h) of any file system here. */
export function fileSystemStatus(): Uint8Array {
  const bytes = new Uint8Array(120);
  const view = new DataView(bytes.buffer);
  const fields = [TMPFS_MAGIC, BLOCK_SIZE, 65536, 32768, 32768, 65536, 32768, 0, 255, BLOCK_SIZE];
  for (const [index, field] of fields.entries()) view.setBigUint64(index * 8, BigInt(field), true);
  return bytes;
}
