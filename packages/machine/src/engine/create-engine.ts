import { MachineError } from '../errors.ts';
import type { Hart } from '../hart.ts';
import { createCompiledEngine } from './compiler/index.ts';
import type { Engine } from './engine.ts';

export const engineNames = ['reference', 'compiled'] as const;
export type EngineName = (typeof engineNames)[number];
/** Both give the same results; this one gives them sooner. */
export const DEFAULT_ENGINE: EngineName = 'compiled';

/** The engine of that name for a hart. Throws MachineError for a name that is none. */
export function createEngine(name: EngineName, hart: Hart): Engine {
  switch (name) {
    case 'reference':
      return hart.reference;
    case 'compiled':
      return createCompiledEngine(hart);
    default:
      throw new MachineError(`there is no engine ${String(name)}; there are ${engineNames.join(', ')}`);
  }
}
