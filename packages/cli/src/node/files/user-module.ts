import { resolve } from 'node:path';
import { InternalError } from '@worldswitch/contracts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readInput } from './input.ts';

/** The files that were loaded, by their full names: what each is and how the option named it. */
const loaded = new Map<string, string>();

/** Whether an option's value names a file of code, not one of the command's own things. */
export function isModuleFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}

/**
 * What a JavaScript or TypeScript module of the user's own exports.
 * @param what it is: `world`, `TLB`, `extension`.
 * @throws UserError that says in one line what is wrong with the module and where.
 */
export async function loadUserModule(path: string, what: string): Promise<Readonly<Record<string, unknown>>> {
  readInput(path, what);
  const file = resolve(path);
  loaded.set(file, `the ${what} '${path}'`);
  try {
    // Only these need it, and loading it takes a tenth of a short command's time.
    const { createJiti } = await import('jiti');
    return await createJiti(import.meta.url).import<Readonly<Record<string, unknown>>>(file);
  } catch (error) {
    throw new UserError(
      `the ${what} '${path}' cannot be loaded: ${reasonOf(error)}${placeIn(file, error)}`,
      ExitCode.badInput,
    );
  }
}

/**
 * What to say of an error that the user's own code threw, or that was thrown for what it asked for; undefined for one that is none
 * of theirs.
 */
export function mistakeOfUserModule(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof InternalError) return undefined;
  const calls = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  for (const [file, name] of loaded) {
    if (calls.some((line) => line.includes(file))) return `${name} fails: ${reasonOf(error)}${placeIn(file, error)}`;
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
