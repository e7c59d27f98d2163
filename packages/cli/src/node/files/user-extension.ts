import {
  builtInExtensions,
  createInstructionSet,
  defaultInstructionSet,
  type InstructionSet,
  type IsaExtension,
} from '@worldswitch/isa';
import type { ControlOperation } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { loadUserModule } from './user-module.ts';

/** What a machine needs to have instructions and CSRs of the user's own. */
export interface UserExtensions {
  readonly instructionSet: InstructionSet;
  readonly controls: Readonly<Record<string, ControlOperation>>;
}

/**
 * The built-in instruction set with extensions of the user's own: modules whose default export is an IsaExtension, and which export
 * the control operations of its rows as `controls`.
 */
export async function loadExtensions(paths: readonly string[]): Promise<UserExtensions> {
  const extensions: IsaExtension[] = [...builtInExtensions];
  const controls: Record<string, ControlOperation> = {};
  let instructionSet = defaultInstructionSet();
  for (const path of paths) {
    const refusal = (what: string) =>
      new UserError(`the extension '${path}' cannot be added to the instruction set: ${what}`, ExitCode.badInput);
    const module = await loadUserModule(path, 'extension');
    const extension = module.default as Partial<IsaExtension> | undefined;
    if (typeof extension?.name !== 'string' || !Array.isArray(extension.rows)) {
      throw refusal('its default export must be an IsaExtension, with name and rows');
    }
    const own = module.controls ?? {};
    const strange = Object.entries(own).find(([, operation]) => typeof operation !== 'function');
    if (typeof own !== 'object' || strange) {
      throw refusal(
        `'controls' must be control operations by name${strange ? `, and '${strange[0]}' is no function` : ''}`,
      );
    }
    extensions.push(extension as IsaExtension);
    Object.assign(controls, own);
    try {
      instructionSet = createInstructionSet(extensions);
    } catch (error) {
      throw refusal((error as Error).message);
    }
  }
  return { instructionSet, controls };
}
