import type { WorldDefinition } from '@worldswitch/contracts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { isModuleFile, loadUserModule } from './user-module.ts';

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
  return definition as WorldDefinition;
}
