import { MachineError } from '../errors.ts';
import type { HartGroup } from '../hart-group.ts';
import { createCompiledEngine } from './compiler/index.ts';
import type { Engine } from './engine.ts';

export const engineNames = ['reference', 'interpreter', 'compiled'] as const;
export type EngineName = (typeof engineNames)[number];
/** All give the same results; this one gives them soonest. */
export const DEFAULT_ENGINE: EngineName = 'compiled';

/** The engine of that name for the harts of a machine. Throws MachineError for a name that is none. */
export function createEngine(name: EngineName, group: HartGroup): Engine {
  switch (name) {
    case 'reference':
      return group.reference;
    case 'interpreter':
      return createCompiledEngine(group, { name, threshold: Number.POSITIVE_INFINITY });
    case 'compiled':
      return createCompiledEngine(group);
    default:
      throw new MachineError(`there is no engine ${String(name)}; there are ${engineNames.join(', ')}`);
  }
}
