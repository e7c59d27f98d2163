import type { SavedState } from './saved-state.ts';

/** A memory-mapped device: offsets are relative to its window, values are unsigned numbers (width 8: bigint-free, two accesses of 4). */
export interface Device {
  readonly name: string;
  /** Bytes of its register window. */
  readonly size: number;
  /** @param width bytes: 1, 2 or 4. Reads of registers that do not exist give 0. */
  read(offset: number, width: 1 | 2 | 4): number;
  write(offset: number, width: 1 | 2 | 4, value: number): void;
  reset(): void;
  /** Everything that the guest can find out about or that decides on what the device does next. A device without it and `restore` cannot be saved. */
  save?(): SavedState;
  /** Takes over what `save` gave. Drives no interrupt lines: whoever they lead to has a state of its own. */
  restore?(state: SavedState): void;
}

/** One wire from a device to an interrupt controller or from that to a hart. Level-triggered. */
export interface InterruptLine {
  set(isHigh: boolean): void;
}

/** Where devices that move data by themselves (DMA) read and write, always bounds-checked: undefined or false means a bad address. */
export interface DmaMemory {
  view(address: number, length: number): Uint8Array | undefined;
  noteWrite(address: number, length: number): void;
}
