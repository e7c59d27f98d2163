import type { Process } from '../processes/process.ts';

/** Processes that wait for one thing to happen. */
export class WaitQueue {
  readonly #waiting = new Set<Process>();

  get size(): number {
    return this.#waiting.size;
  }
  add(process: Process): void {
    this.#waiting.add(process);
    process.waitingOn.push(this);
  }
  remove(process: Process): void {
    this.#waiting.delete(process);
  }
  /** Wakes those that waited longest; gives their number. */
  wake(count: number): number {
    let woken = 0;
    for (const process of [...this.#waiting]) {
      if (woken === count) break;
      process.wake();
      woken++;
    }
    return woken;
  }
  wakeAll(): void {
    if (this.#waiting.size > 0) this.wake(Number.POSITIVE_INFINITY);
  }
}
