import { startWithFirmware, startWithSbi, writeDynamicInfo } from '../firmware/start.ts';
import { loadImage } from '../load/image.ts';
import { type HighPlacement, placeInitrd } from '../load/initrd.ts';
import type { Board } from './board.ts';
import { boardDeviceTree } from './board-device-tree.ts';

/** What a board is started with: see MachineOptions. */
export interface BootImages {
  readonly kernel?: Uint8Array;
  readonly firmware?: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly bootArguments?: string;
  readonly aclint?: boolean;
}

/**
 * Loads what is to run and the device tree into RAM, and puts the harts where they begin: all of them in the firmware, or the
 * first one in the kernel, for whom the built-in SBI keeps the others stopped. Throws LoadError.
 * @returns where in RAM the initial RAM disk went.
 */
export function startBoard(board: Board, images: BootImages): HighPlacement['initrd'] {
  const { ram, hart, harts, vcpus } = board;
  const firmware = images.firmware && loadImage(ram, images.firmware, 'the firmware', 0);
  const kernel = images.kernel && loadImage(ram, images.kernel, 'the kernel');
  const description = {
    memoryBytes: ram.size,
    harts: harts.length,
    aclint: images.aclint ?? false,
    devices: board.added,
    extensions: hart.instructionSet.extensions.map((extension) => extension.name),
    ...(images.bootArguments !== undefined && { bootArguments: images.bootArguments }),
  };
  const room = boardDeviceTree({ ...description, initrd: { start: 0, end: 0 } }).length;
  const end = Math.max(kernel?.end ?? 0, firmware?.end ?? 0);
  // One page more than the tree holds what fw_dynamic reads.
  const { initrd, treeLimit } = placeInitrd(ram, images.initrd, end, room + 4096);
  const tree = boardDeviceTree({ ...description, ...(initrd && { initrd }) });
  ram.write(treeLimit, tree);
  if (firmware) {
    const infoAddress = ram.base + ram.size - 4096;
    if (kernel) writeDynamicInfo(ram, infoAddress, kernel.entry);
    for (const each of vcpus) startWithFirmware(each, firmware.entry, treeLimit, infoAddress);
  } else if (kernel) {
    for (const each of vcpus) startWithSbi(each, kernel.entry, treeLimit);
  }
  return initrd;
}
