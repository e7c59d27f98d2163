import type { FileTree, FileTreeEntry } from '@worldswitch/contracts';
import { ContainersError } from './containers-error.ts';

/** A container as OCI hands it over: its configuration and the files of its root (OCI runtime spec, bundle.md). */
export interface Bundle {
  /** Where it is from, for `state`; an absolute path. */
  readonly path: string;
  /** Text of config.json. */
  readonly config: string;
  /** Root file system by absolute path: what the directory holds that config.json calls `root.path`. */
  readonly rootFiles: FileTree;
}

/** A file of a bundle: bytes or text is a file with mode 0o755. */
export type BundleFile = FileTreeEntry | Uint8Array | string;

const CONFIG = 'config.json';

/**
 * A bundle from its files, by path in the bundle's directory: `config.json`, `rootfs/bin/sh`.
 * @throws ContainersError `config` when there is no config.json.
 */
export function bundleFromFiles(files: ReadonlyMap<string, BundleFile>, path = '/bundle'): Bundle {
  const config = files.get(CONFIG);
  const text = config === undefined ? undefined : textOf(config);
  if (text === undefined) throw new ContainersError('config', `the bundle ${path} has no ${CONFIG}`);
  const prefix = `${rootPath(text)}/`;
  const rootFiles = new Map<string, FileTreeEntry>();
  for (const [name, file] of files) {
    if (name.startsWith(prefix)) rootFiles.set(`/${name.slice(prefix.length)}`, entryOf(file));
  }
  return { path, config: text, rootFiles };
}

/** root.path relative to the bundle, without looking at the rest of the configuration: that is for `create` to judge. */
function rootPath(text: string): string {
  try {
    const path: unknown = JSON.parse(text)?.root?.path;
    if (typeof path === 'string') return path.replace(/^\.\//, '').replace(/\/+$/, '');
  } catch {
    // create says what is wrong with it
  }
  return 'rootfs';
}

function textOf(file: BundleFile): string | undefined {
  if (typeof file === 'string') return file;
  if (file instanceof Uint8Array) return new TextDecoder().decode(file);
  return file.type === 'file' ? new TextDecoder().decode(file.data) : undefined;
}

function entryOf(file: BundleFile): FileTreeEntry {
  if (typeof file === 'string') return { type: 'file', mode: 0o755, data: new TextEncoder().encode(file) };
  return file instanceof Uint8Array ? { type: 'file', mode: 0o755, data: file } : file;
}
