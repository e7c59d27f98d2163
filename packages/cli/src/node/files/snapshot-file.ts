import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SnapshotError } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { fileReason } from './file-reason.ts';
import { readInput } from './input.ts';

/**
 * Puts a file in the place of another one so that at any moment there is the old one or the new one, whole, even when the process
 * is killed or the power fails: a file beside it is written and synced, renamed, and the directory is synced. A symbolic link stays,
 * and what it points to is replaced. A device or a named pipe is written into: renaming would put a file in its place.
 * @throws UserError when it cannot be written.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  try {
    const present = statSync(path, { throwIfNoEntry: false });
    if (present !== undefined && !present.isFile()) writeFileSync(path, bytes);
    else replaceRegularFile(present === undefined ? path : realpathSync(path), bytes);
  } catch (error) {
    throw new UserError(`cannot write '${path}': ${fileReason(error, 'write')}`, ExitCode.noInput);
  }
}

/**
 * Says before a long run, not after it, that its result could not be written.
 * @throws UserError for a directory, and for a file in a folder that is not there or may not be written.
 */
export function expectReplaceable(path: string): void {
  try {
    const present = statSync(path, { throwIfNoEntry: false });
    if (present?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
    // A device or a named pipe is written into, with nothing beside it.
    if (present === undefined || present.isFile()) {
      accessSync(dirname(present === undefined ? path : realpathSync(path)), constants.W_OK);
    }
  } catch (error) {
    throw new UserError(`cannot write '${path}': ${fileReason(error, 'write')}`, ExitCode.noInput);
  }
}

function replaceRegularFile(path: string, bytes: Uint8Array): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    removeAbandoned(path);
    const file = openSync(temporary, 'w');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function syncFolder(folder: string): void {
  // Windows has no way to sync a directory, and refuses to open one.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Files that processes which are gone began to write for this path. */
function removeAbandoned(path: string): void {
  const prefix = `.${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(prefix) ? Number(/^(\d+)\.tmp$/.exec(name.slice(prefix.length))?.[1]) : Number.NaN;
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) rmSync(join(dirname(path), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Reads snapshot files. @throws UserError when one cannot be read. */
export function readSnapshotFiles(paths: readonly string[]): Uint8Array[] {
  return paths.map((path) => readInput(path, 'snapshot'));
}

/** What `use` gives; a SnapshotError becomes what the user is told. @param what such as "restore 'a.snap'". */
export function withSnapshots<Result>(what: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new UserError(`cannot ${what}: ${error.message}`, ExitCode.badInput);
  }
}
