/**
 * Which pages of RAM were written, and since when. A page carries the number of the period in which it was last marked, so any
 * number of owners (incremental snapshots, timelines) each ask about the time since a cut of their own.
 *
 * Marks may be too many, never too few. Compiled code writes a page only by a store-table entry, and `storeSlow` marks the page
 * when it makes one; so a cut must take all store-table entries away (`onCut`).
 */
export class DirtyPages {
  /** By page of RAM: the period of its last mark; 0 was never written. */
  readonly #periods: Uint32Array;
  #period = 1;
  /** Set by each hart's owner: store tables must be emptied. */
  readonly #listeners: (() => void)[] = [];

  constructor(pages: number) {
    this.#periods = new Uint32Array(pages);
  }

  /** Called at each cut. */
  onCut(listener: () => void): void {
    this.#listeners.push(listener);
  }

  mark(page: number): void {
    this.#periods[page] = this.#period;
  }

  /** @param offset byte offset in RAM. */
  markRange(offset: number, length: number): void {
    if (length <= 0) return;
    const last = Math.floor((offset + length - 1) / 4096);
    for (let page = Math.floor(offset / 4096); page <= last; page++) this.#periods[page] = this.#period;
  }

  /** Ends the period. What is written from now on is in `since(the number returned)`. */
  cut(): number {
    for (const listener of this.#listeners) listener();
    return ++this.#period;
  }

  /** Pages written since a cut, in ascending order; since 1: since RAM was made. */
  since(cut: number): number[] {
    const pages: number[] = [];
    const periods = this.#periods;
    for (let page = 0; page < periods.length; page++) if (periods[page]! >= cut) pages.push(page);
    return pages;
  }
}
