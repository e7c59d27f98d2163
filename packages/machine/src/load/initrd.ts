import type { PhysicalMemory } from '@worldswitch/contracts';
import { LoadError } from '../errors.ts';

const PAGE = 4096;
/** The device tree stands at the end of RAM, aligned so that early boot code maps it with one large page. */
const TREE_ALIGNMENT = 0x1000;

/** Where the initial RAM disk and the device tree go: at the end of RAM, above the kernel. */
export interface HighPlacement {
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
  readonly treeLimit: number;
}

/**
 * Puts the initial RAM disk as high as it fits, below `treeRoom` bytes for the device tree.
 * @throws {LoadError} when it would overlap the kernel, which ends at `kernelEnd`.
 */
export function placeInitrd(
  memory: PhysicalMemory,
  initrd: Uint8Array | undefined,
  kernelEnd: number,
  treeRoom: number,
): HighPlacement {
  const treeStart = Math.floor((memory.base + memory.size - treeRoom) / TREE_ALIGNMENT) * TREE_ALIGNMENT;
  if (!initrd || initrd.length === 0) {
    if (treeStart < kernelEnd) throw new LoadError(`the device tree does not fit in RAM above the kernel`);
    return { initrd: undefined, treeLimit: treeStart };
  }
  const start = Math.floor((treeStart - initrd.length) / PAGE) * PAGE;
  if (start < kernelEnd) {
    const missing = kernelEnd - start;
    throw new LoadError(
      `the initial RAM disk of ${initrd.length} bytes does not fit above the kernel, which ends at 0x${kernelEnd.toString(16)}: ${missing} bytes of memory more are needed`,
    );
  }
  memory.write(start, initrd);
  return { initrd: { start, end: start + initrd.length }, treeLimit: treeStart };
}
