import { Errno } from '../errno.ts';
import type { OpenFile } from './open-file.ts';

/** Most descriptors of a process (RLIMIT_NOFILE). */
export const MAX_DESCRIPTORS = 1024;

interface Slot {
  readonly file: OpenFile;
  closesOnExec: boolean;
}

/** The file descriptors of a process. */
export class FileTable {
  readonly #slots: (Slot | undefined)[] = [];

  get(descriptor: number): OpenFile | undefined {
    return this.#slots[descriptor]?.file;
  }
  slot(descriptor: number): Slot | undefined {
    return this.#slots[descriptor];
  }

  /** Takes the file over at the lowest free number from `lowest` on; -EMFILE when there is none, and the file is closed. */
  add(file: OpenFile, closesOnExec = false, lowest = 0): number {
    let descriptor = lowest;
    while (this.#slots[descriptor] !== undefined) descriptor++;
    if (descriptor >= MAX_DESCRIPTORS) {
      file.release();
      return -Errno.EMFILE;
    }
    this.#slots[descriptor] = { file, closesOnExec };
    return descriptor;
  }

  /** Takes the file over at this number, closing what was there. */
  set(descriptor: number, file: OpenFile, closesOnExec: boolean): number {
    if (descriptor < 0 || descriptor >= MAX_DESCRIPTORS) {
      file.release();
      return -Errno.EBADF;
    }
    this.close(descriptor);
    this.#slots[descriptor] = { file, closesOnExec };
    return descriptor;
  }

  /** False when it was not open. */
  close(descriptor: number): boolean {
    const slot = this.#slots[descriptor];
    if (slot === undefined) return false;
    this.#slots[descriptor] = undefined;
    slot.file.release();
    return true;
  }

  closeAll(): void {
    for (const descriptor of this.#slots.keys()) this.close(descriptor);
  }
  closeOnExec(): void {
    for (const [descriptor, slot] of this.#slots.entries()) if (slot?.closesOnExec) this.close(descriptor);
  }
  *open(): Iterable<readonly [number, OpenFile]> {
    for (const [descriptor, slot] of this.#slots.entries()) if (slot !== undefined) yield [descriptor, slot.file];
  }

  /** For a fork: the same open files. */
  copy(): FileTable {
    const table = new FileTable();
    for (const [descriptor, slot] of this.#slots.entries()) {
      if (slot === undefined) continue;
      table.set(descriptor, slot.file.share(), slot.closesOnExec);
    }
    return table;
  }
}
