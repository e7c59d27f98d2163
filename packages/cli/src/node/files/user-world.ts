import { resolve } from 'node:path';
import type { WorldDefinition } from '@worldswitch/contracts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readInput } from './input.ts';

/** The files of worlds that were loaded, by their full names: as the option named them. */
const loaded = new Map<string, string>();

/**
 * A world of the user's own: a JavaScript or TypeScript module whose default export is a WorldDefinition.
 * @throws UserError that says in one line what is wrong with the module and where.
 */
async function loadWorld(path: string): Promise<WorldDefinition> {
  readInput(path, 'world');
  const file = resolve(path);
  loaded.set(file, path);
  let module: { default?: unknown };
  try {
    // Only worlds written in TypeScript need it, and loading it takes a tenth of a short command's time.
    const { createJiti } = await import('jiti');
    module = await createJiti(import.meta.url).import<{ default?: unknown }>(file);
  } catch (error) {
    throw new UserError(
      `the world '${path}' cannot be loaded: ${reasonOf(error)}${placeIn(file, error)}`,
      ExitCode.badInput,
    );
  }
  const definition = module.default as Partial<WorldDefinition> | undefined;
  if (typeof definition?.name !== 'string' || typeof definition.create !== 'function') {
    throw new UserError(
      `the world '${path}' must export a WorldDefinition as default: an object with name, summary, guest and create(host, spec)`,
      ExitCode.badInput,
    );
  }
  return definition as WorldDefinition;
}

/** What a `--world` argument means: the definition in a file, or a name as it is. */
export async function chooseWorld(name: string): Promise<string | WorldDefinition> {
  return isWorldFile(name) ? await loadWorld(name) : name;
}

function isWorldFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}

/** What to say of an error that the code of a user's world threw; undefined for one that is none of theirs. */
export function mistakeOfUserWorld(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const thrownAt = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  for (const [file, path] of loaded) {
    if (thrownAt?.includes(file)) return `the world '${path}' fails: ${reasonOf(error)}${placeIn(file, error)}`;
  }
  return undefined;
}

/** The first line of what was thrown, which may be anything. */
function reasonOf(thrown: unknown): string {
  const text =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown);
  return text.split('\n')[0]!.trim();
}

/** The line of the file that an error tells of first; columns are those of translated code and say nothing. */
function placeIn(file: string, error: unknown): string {
  const told =
    typeof error === 'object' && error !== null
      ? `${(error as Error).message ?? ''}\n${(error as Error).stack ?? ''}`
      : '';
  const at = told.indexOf(`${file}:`);
  const line = at < 0 ? undefined : /^\d+/.exec(told.slice(at + file.length + 1))?.[0];
  return line === undefined ? '' : ` (line ${line} of it)`;
}
