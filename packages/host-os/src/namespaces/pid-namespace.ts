import type { Process } from '../processes/process.ts';

/** Process numbers of a group of processes; each is also numbered in every namespace above (pid_namespaces(7)). */
export class PidNamespace {
  readonly id: number;
  readonly parent: PidNamespace | undefined;
  readonly processes = new Map<number, Process>();
  /** Its first process: the others end when that one does. */
  init: Process | undefined;
  #next: number;

  /** @param first number given to the first process. */
  constructor(id: number, parent: PidNamespace | undefined, first = 1) {
    this.id = id;
    this.parent = parent;
    this.#next = first;
  }

  /** A number never given before. */
  takeNumber(): number {
    return this.#next++;
  }
  get latestNumber(): number {
    return this.#next - 1;
  }
  /** This one and all those above it. */
  *chain(): Iterable<PidNamespace> {
    for (let at: PidNamespace | undefined = this; at !== undefined; at = at.parent) yield at;
  }
}
