import { MachineError } from '../errors.ts';
import type { HartGroup } from '../schedule/hart-group.ts';
import { createCompiledEngine } from './compiler/index.ts';
import type { Engine } from './engine.ts';

/** The engines, from the one that is easiest to read to the fastest. All do the same, instruction for instruction. */
export const engineNames = ['reference', 'interpreter', 'compiled'] as const;
/** One of `engineNames`. */
export type EngineName = (typeof engineNames)[number];
/** All give the same results; this one gives them soonest. */
export const DEFAULT_ENGINE: EngineName = 'compiled';

/** The engine of that name for the harts of a machine; `clock` (milliseconds) is for its statistics. Throws MachineError for a name that is none. */
export function createEngine(name: EngineName, group: HartGroup, clock?: () => number): Engine {
  switch (name) {
    case 'reference':
      return group.reference;
    case 'interpreter':
      return createCompiledEngine(group, { name, threshold: Number.POSITIVE_INFINITY, ...(clock && { clock }) });
    case 'compiled':
      return createCompiledEngine(group, { ...(clock && { clock }) });
    default:
      throw new MachineError(`there is no engine ${String(name)}; there are ${engineNames.join(', ')}`);
  }
}
