import { fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { FileTree, FileTreeEntry, ProgramSpec, WorldDefinition } from '@worldswitch/contracts';
import { guestKernel, programNames } from '@worldswitch/guest-os';
import { parseElf } from '@worldswitch/host-os';
import { builtInProgram } from '../built-in-program.ts';
import { ExitCode, UserError } from '../exit-codes.ts';
import type { GuestKernels } from '../worlds.ts';
import { fileReason } from './file-reason.ts';
import { readApart } from './read-apart.ts';

/** First address beyond user space under Sv39: no world offers a program more. */
const userEnd = 2 ** 38;

/** Reads a file that an option or argument named. */
export function readInput(path: string, what: string): Uint8Array {
  try {
    return readApart(path);
  } catch (error) {
    throw new UserError(`cannot read the ${what} '${path}': ${fileReason(error, 'read')}`, ExitCode.noInput);
  }
}

/** A program by file name, or by the name of one that comes with the product. */
export function loadProgram(name: string, args: readonly string[]): ProgramSpec {
  const isFile = name.includes('/') || name.includes('\\') || isPresent(name);
  if (!isFile && programNames.includes(name)) return builtInProgram(name, args);
  if (!isFile) {
    throw new UserError(
      `there is no file '${name}' and no built-in program of that name; built in are ${programNames.join(', ')}`,
      ExitCode.noInput,
    );
  }
  const image = readInput(name, 'program');
  try {
    parseElf(image, userEnd);
  } catch (error) {
    throw new UserError(`'${name}' cannot be run: ${(error as Error).message}`, ExitCode.badInput);
  }
  // The name goes through a kernel command line, which knows no blanks in it.
  return { image, arguments: [`/bin/${basename(name).replace(/[^\w.+-]/g, '_')}`, ...args] };
}

/** What of a program goes into memory, and where. */
export function programSegments(image: Uint8Array) {
  return parseElf(image, userEnd).segments;
}

function isPresent(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The guest kernels to use: the built-in ones, or files. */
export function loadKernels(options: { guestKernel?: string; paraKernel?: string }): GuestKernels {
  return {
    unmodifiedKernel: options.guestKernel ? readInput(options.guestKernel, 'guest kernel') : guestKernel('full'),
    paravirtualKernel: options.paraKernel
      ? readInput(options.paraKernel, 'paravirtual guest kernel')
      : guestKernel('para'),
  };
}

/** A world of the user's own: a JavaScript or TypeScript module whose default export is a WorldDefinition. */
async function loadWorld(path: string): Promise<WorldDefinition> {
  readInput(path, 'world');
  let module: { default?: unknown };
  try {
    // Only worlds written in TypeScript need it, and loading it takes a tenth of a short command's time.
    const { createJiti } = await import('jiti');
    module = await createJiti(import.meta.url).import<{ default?: unknown }>(resolve(path));
  } catch (error) {
    throw new UserError(`the world '${path}' cannot be loaded: ${(error as Error).message}`, ExitCode.badInput);
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

/** The tree under a directory, as a root file system. */
export function readTree(directory: string): FileTree {
  const tree = new Map<string, FileTreeEntry>();
  const visit = (path: string, inside: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      const name = `${inside}/${entry.name}`;
      if (entry.isSymbolicLink()) tree.set(name, { type: 'symlink', target: readlinkSync(file) });
      else if (entry.isDirectory()) {
        tree.set(name, { type: 'directory', mode: statSync(file).mode & 0o7777 });
        visit(file, name);
      } else if (entry.isFile())
        tree.set(name, { type: 'file', mode: statSync(file).mode & 0o7777, data: readFileSync(file) });
    }
  };
  visit(directory, '');
  return tree;
}

/**
 * The command's standard input as the program's: a redirected file always, a pipe only when asked for, since many who start a
 * command leave a pipe open that nothing will ever come from.
 */
export function standardInput(isInteractive: boolean): Uint8Array | undefined {
  if (process.stdin.isTTY) return undefined;
  try {
    if (!isInteractive && !fstatSync(0).isFile()) return undefined;
    return readFileSync(0);
  } catch {
    return undefined;
  }
}
