import { fstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type FileTree,
  type FileTreeEntry,
  isElf,
  type ProgramSpec,
  readElfHeader,
  readLinuxImageHeader,
  readProgramHeaders,
} from '@worldswitch/contracts';
import { guestKernel, programNames } from '@worldswitch/guest-os';
import { parseElf } from '@worldswitch/host-os';
import { builtInProgram } from '../../compare/built-in-program.ts';
import type { GuestKernels } from '../../compare/worlds.ts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { fileReason } from './file-reason.ts';
import { readApart } from './read-apart.ts';

/** First address beyond user space under Sv39: no world offers a program more. */
export const USER_END = 2 ** 38;
const RAM_START = 0x8000_0000;

/** Reads a file that an option or argument named. */
export function readInput(path: string, what: string): Uint8Array {
  try {
    return readApart(path);
  } catch (error) {
    throw new UserError(`cannot read the ${what} '${path}': ${fileReason(error, 'read')}`, ExitCode.noInput);
  }
}

/** A file of text. @param form what it is to be written in, such as "YAML or JSON". @throws UserError for a file of anything else. */
export function readText(path: string, what: string, form: string): string {
  const bytes = readInput(path, what);
  const kind = isElf(bytes) ? 'an ELF file' : bytes.includes(0) ? 'a file of bytes' : undefined;
  if (kind === undefined) return new TextDecoder().decode(bytes);
  throw new UserError(`the ${what} '${path}' is ${kind}; expected a text in ${form}`, ExitCode.badInput);
}

/** The bytes of a program in a file, or of one that comes with the product: the latter's whole specification. */
function findProgram(name: string, args: readonly string[]): Uint8Array | ProgramSpec {
  const isFile = name.includes('/') || name.includes('\\') || isPresent(name);
  if (!isFile && programNames.includes(name)) return builtInProgram(name, args);
  if (!isFile) {
    throw new UserError(
      `there is no file '${name}' and no built-in program of that name; built in are ${programNames.join(', ')}`,
      ExitCode.noInput,
    );
  }
  return readInput(name, 'program');
}

/** The bytes of a program by file name, or by the name of one that comes with the product; whether they can run is not looked at. */
export function readProgram(name: string): Uint8Array {
  const found = findProgram(name, []);
  return found instanceof Uint8Array ? found : found.image;
}

/** A program by file name, or by the name of one that comes with the product. */
export function loadProgram(name: string, args: readonly string[]): ProgramSpec {
  const image = findProgram(name, args);
  if (!(image instanceof Uint8Array)) return image;
  try {
    parseElf(image, USER_END);
  } catch (error) {
    const way = isKernel(image) ? `; it looks like a kernel: worldswitch run --kernel ${name}` : '';
    throw new UserError(`'${name}' is ${(error as Error).message}${way}`, ExitCode.badInput);
  }
  // The name goes through a kernel command line, which knows no blanks in it.
  return { image, arguments: [`/bin/${basename(name).replace(/[^\w.+-]/g, '_')}`, ...args] };
}

/** Whether a file is a Linux image, or an ELF file for where a machine has its RAM. */
function isKernel(file: Uint8Array): boolean {
  try {
    if (!isElf(file)) return readLinuxImageHeader(file) !== undefined;
    return readProgramHeaders(file, readElfHeader(file)).some(({ physicalAddress }) => physicalAddress >= RAM_START);
  } catch {
    return false;
  }
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
