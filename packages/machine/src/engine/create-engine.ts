import { MachineError } from '../errors.ts';
import type { Hart } from '../hart.ts';
import type { Engine } from './engine.ts';

export const engineNames = ['reference', 'compiled'] as const;
export type EngineName = (typeof engineNames)[number];

/** The engine of that name for a hart. Throws MachineError for a name that is none. */
export function createEngine(name: EngineName, hart: Hart): Engine {
  switch (name) {
    case 'reference':
      return hart.reference;
    case 'compiled':
      throw new MachineError('the compiled engine is not part of this build; use engine: "reference"');
    default:
      throw new MachineError(`there is no engine ${String(name)}; there are ${engineNames.join(', ')}`);
  }
}
