import type { TraceEvent } from '@worldswitch/contracts';
import type { RunEnd } from './run-end.ts';

/** What listeners of a machine hear of. */
export interface MachineEvents {
  /** Control passed from one to another: a trap, a return from one, a call of the built-in firmware. As `MachineOptions.trace`. */
  readonly trace: TraceEvent;
  /** Bytes left the console: a line, or what there was. */
  readonly output: Uint8Array;
  /** A `run` has returned, and why. */
  readonly stopped: RunEnd;
}

/** Called at each event of a name, while the machine runs. */
export type MachineListener<Name extends keyof MachineEvents> = (event: MachineEvents[Name]) => void;

/** The listeners of a machine. They are called one after the other, and what they throw ends the run. */
export class MachineListeners {
  readonly #listeners: { readonly [Name in keyof MachineEvents]: Set<MachineListener<Name>> } = {
    trace: new Set(),
    output: new Set(),
    stopped: new Set(),
  };

  add<Name extends keyof MachineEvents>(name: Name, listener: MachineListener<Name>): void {
    this.#listeners[name].add(listener);
  }

  delete<Name extends keyof MachineEvents>(name: Name, listener: MachineListener<Name>): void {
    this.#listeners[name].delete(listener);
  }

  has(name: keyof MachineEvents): boolean {
    return this.#listeners[name].size > 0;
  }

  emit<Name extends keyof MachineEvents>(name: Name, event: MachineEvents[Name]): void {
    for (const listener of this.#listeners[name]) listener(event);
  }
}
