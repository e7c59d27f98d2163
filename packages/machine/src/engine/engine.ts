import type { Hart } from '../hart/hart.ts';
import type { EngineStatistics } from './statistics.ts';

/**
 * Runs guest code on the harts of a machine, one at a time. Engines are interchangeable: whatever they do inside, after `run` the
 * state of the hart is what the reference engine would have made of it.
 */
export interface Engine {
  readonly name: string;
  /**
   * Runs the hart's current context until its budget is 0 or `hart.leave` is true. At an instruction boundary at which it
   * looks, and at least before the first instruction, it calls `hart.attend()` when `attention` is nonzero.
   */
  run(hart: Hart): void;
  /**
   * Bytes of a frame that was marked as code (`HartGroup.markCode`) were written. Returns true when the engine holds no code of that
   * frame any more; stores to it are then fast again.
   * @param frame frame of RAM, 0 is the first. @param offset,length which of its bytes.
   */
  invalidateFrame(frame: number, offset: number, length: number): boolean;
  /** Forgets all code. */
  reset(): void;
  /** What it did so far; the reference engine keeps no figures. */
  readonly statistics?: EngineStatistics;
}
