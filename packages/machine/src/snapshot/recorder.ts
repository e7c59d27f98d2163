import type { InputPoint } from './input-log.ts';

/** Stands between a machine and its host while a timeline is attached: sees what comes in, or supplies it again. */
export interface MachineRecorder {
  /** The run is repeated: the console is not read, and its output is not written again. */
  readonly isReplaying: boolean;
  /**
   * The machine stands between two slices. Returns how many instructions may retire, at least 1, until it must be told again.
   */
  boundary(): number;
  /** Bytes arrive. */
  arrived(point: InputPoint, bytes: Uint8Array): void;
  /** What arrives at this point of a repeated run. */
  replay(point: InputPoint): Uint8Array | undefined;
  /** The time of what arrives next in a repeated run before another instruction retires; Infinity for none. */
  readonly nextArrival: number;
  /** Something happened that a repeated run would not do by itself: a step out of turn, a device that heard from outside. */
  wentAstray(): void;
}
