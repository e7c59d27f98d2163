import type { WorldDefinition } from '@worldswitch/contracts';
import { worldNames } from '../../compare/worlds.ts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { isModuleFile, loadUserModule } from './user-module.ts';

const guests: readonly unknown[] = ['unmodified', 'paravirtual', 'none'] satisfies WorldDefinition['guest'][];

/** What a `--world` argument means: the definition in a file, or a name as it is. */
export async function chooseWorld(name: string): Promise<string | WorldDefinition> {
  return isModuleFile(name) ? await loadWorld(name) : name;
}

/** A world of the user's own: a module whose default export is a WorldDefinition. */
async function loadWorld(path: string): Promise<WorldDefinition> {
  const definition = (await loadUserModule(path, 'world')).default as Partial<WorldDefinition> | undefined;
  if (typeof definition?.name !== 'string' || typeof definition.create !== 'function') {
    throw new UserError(
      `the world '${path}' must export a WorldDefinition as default: an object with name, summary, guest and create(host, spec)`,
      ExitCode.badInput,
    );
  }
  if (worldNames.includes(definition.name)) {
    throw new UserError(`the world '${path}' has the name '${definition.name}', which is taken`, ExitCode.badInput);
  }
  if (!guests.includes(definition.guest)) {
    throw new UserError(`the world '${path}' must have a guest that is one of ${guests.join(', ')}`, ExitCode.badInput);
  }
  return definition as WorldDefinition;
}
