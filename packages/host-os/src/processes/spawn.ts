import type { FileTree, ProcessSpec } from '@worldswitch/contracts';
import { HostOsError } from '../host-os-error.ts';
import type { Kernel } from '../kernel-state.ts';
import { MountNamespace } from '../namespaces/mount-namespace.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { allowCounters } from '../signals/signal-delivery.ts';
import { createConsole } from '../vfs/devices.ts';
import { addFiles, mountFileTree } from '../vfs/file-tree.ts';
import { makeMount } from '../vfs/mounts.ts';
import { OpenFile, OpenFlag } from '../vfs/open-file.ts';
import { type Place, pathOf, walk } from '../vfs/place.ts';
import { Process } from './process.ts';
import { ProcessTree } from './process-tree.ts';
import { type LoadedProgram, loadProgram } from './program.ts';

/** Starts a program as the first process of a tree of its own. Throws HostOsError. */
export function spawnProcess(kernel: Kernel, spec: ProcessSpec): ProcessTree {
  const [command] = spec.arguments;
  if (command === undefined) throw new HostOsError('EINVAL', 'a process needs at least one argument, its name');
  const joined = spec.joining === undefined ? undefined : joinedProcess(kernel, spec.joining.id);
  const namespaces = namespacesFor(kernel, spec, joined);
  const root = joined?.root ?? namespaces.mount.rootPlace;
  const viewer = joined;
  const find = (path: string): Place => {
    const place = walk({ start: root, root, mounts: namespaces.mount, viewer }, path, { followsLast: true });
    if (typeof place === 'number') throw new HostOsError('ENOENT', `${path}: no such file or directory`);
    return place;
  };
  if (spec.files !== undefined) install(kernel, root, spec.files);
  const directory = find(spec.workingDirectory ?? '/');
  if (directory.inode.type !== 'directory')
    throw new HostOsError('ENOTDIR', `${spec.workingDirectory} is no directory`);

  const tree = new ProcessTree(kernel, spec);
  let image = spec.image;
  let executable = command.startsWith('/') ? command : `/${command}`;
  if (image === undefined) {
    const place = find(command.includes('/') ? command : findInPath(command, spec.environment, find));
    if (place.inode.type !== 'file') throw new HostOsError('ENOEXEC', `${command} is no file`);
    image = place.inode.contents(undefined).slice();
    executable = pathOf(place);
  } else if (spec.root === undefined && joined === undefined && command.startsWith('/')) {
    // Where its name says it is, so that it can execute itself.
    install(kernel, root, new Map([[command, { type: 'file', mode: 0o755, data: image }]]));
  }
  const program = loadProgram(kernel, tree.frames, image, {
    arguments: spec.arguments,
    environment: spec.environment ?? [],
    fileName: command,
  });
  try {
    return start(kernel, spec, tree, program, { namespaces, root, directory, executable });
  } catch (error) {
    program.space.release();
    throw error;
  }
}

function start(
  kernel: Kernel,
  spec: ProcessSpec,
  tree: ProcessTree,
  program: LoadedProgram,
  where: {
    readonly namespaces: Namespaces;
    readonly root: Place;
    readonly directory: Place;
    readonly executable: string;
  },
): ProcessTree {
  const process = new Process({ kernel, tree, vcpu: kernel.createVcpu(), space: program.space, ...where });
  process.name = commandName(spec.arguments[0]!);
  process.executable = where.executable;
  process.image = program.image;
  process.commandLine = [...spec.arguments];
  process.environment = [...(spec.environment ?? [])];
  process.isPaused = spec.startPaused ?? false;
  process.vcpu.pc = BigInt(program.entry);
  process.vcpu.writeX(2, BigInt(program.stackPointer));
  allowCounters(process);
  const console = (descriptor: 1 | 2, flags: number) =>
    process.files.add(new OpenFile(createConsole(kernel.nextInodeNumber(), descriptor), flags));
  console(1, OpenFlag.readOnly);
  console(1, OpenFlag.writeOnly);
  console(2, OpenFlag.writeOnly);
  tree.root = process;
  tree.members.add(process);
  kernel.scheduler.add(process);
  return tree;
}

/** Last name of a path, as /proc/<pid>/comm shows it: at most 15 characters. */
export function commandName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 15);
}

function joinedProcess(kernel: Kernel, id: number): Process {
  const process = kernel.hostNamespaces.pid.processes.get(id);
  if (process === undefined || process.waitStatus !== undefined) {
    throw new HostOsError('ENOENT', `there is no process ${id} whose namespaces could be joined`);
  }
  return process;
}

function namespacesFor(kernel: Kernel, spec: ProcessSpec, joined: Process | undefined): Namespaces {
  const kinds = spec.namespaces ?? [];
  if (joined !== undefined && (kinds.length > 0 || spec.root !== undefined || spec.mounts !== undefined)) {
    throw new HostOsError('EINVAL', 'a process that joins namespaces can have no new ones, no root and no mounts');
  }
  if ((spec.root !== undefined || spec.mounts !== undefined) && !kinds.includes('mount')) {
    throw new HostOsError('EINVAL', 'a root or mounts of its own need the mount namespace');
  }
  if (spec.hostname !== undefined && joined === undefined && !kinds.includes('uts')) {
    throw new HostOsError('EINVAL', 'a hostname of its own needs the uts namespace');
  }
  let namespaces = kernel.newNamespaces(joined?.namespaces ?? kernel.hostNamespaces, kinds);
  if (spec.root !== undefined) {
    const root = mountFileTree(kernel.memoryFileSystem(), spec.root);
    const isReadOnly = spec.rootReadOnly ?? false;
    const mount = { root, isReadOnly, type: 'tmpfs', source: 'rootfs', path: '/' };
    namespaces = { ...namespaces, mount: new MountNamespace(namespaces.mount.id, mount) };
  }
  for (const mount of spec.mounts ?? []) makeMount(kernel, namespaces, mount);
  if (spec.hostname !== undefined && joined === undefined) namespaces.uts.hostname = spec.hostname;
  return namespaces;
}

function findInPath(
  command: string,
  environment: readonly string[] | undefined,
  find: (path: string) => Place,
): string {
  const path = environment?.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '/bin:/usr/bin:/sbin:/usr/sbin';
  for (const directory of path.split(':')) {
    const candidate = `${directory === '' ? '.' : directory}/${command}`;
    try {
      find(candidate);
      return candidate;
    } catch (error) {
      if (!(error instanceof HostOsError)) throw error;
    }
  }
  throw new HostOsError('ENOENT', `${command}: not found in ${path}`);
}

function install(kernel: Kernel, root: Place, files: FileTree): void {
  if (root.inode.type === 'directory') addFiles(kernel.memoryFileSystem(), root.inode, files);
}
