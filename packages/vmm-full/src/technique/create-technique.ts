import { VmmError } from '../vmm-error.ts';
import type { Technique, TechniqueName } from './technique.ts';
import { trapAndEmulate } from './trap-and-emulate.ts';

/** @throws VmmError for a technique that is not built yet. */
export function createTechnique(name: TechniqueName): Technique {
  switch (name) {
    case 'trap-and-emulate':
      return trapAndEmulate;
    case 'binary-translation':
    case 'hardware-assist':
      throw new VmmError(`the technique ${name} is not built yet; use trap-and-emulate`);
    default:
      name satisfies never;
      throw new VmmError(`there is no technique ${String(name)}`);
  }
}
