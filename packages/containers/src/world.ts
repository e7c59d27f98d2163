import {
  createTaskWorld,
  type FileTree,
  type HostKernel,
  programArguments,
  type World,
  type WorldDefinition,
  type WorldSpec,
} from '@worldswitch/contracts';
import { type Bundle, type BundleFile, bundleFromFiles } from './bundle.ts';
import { ContainersError } from './containers-error.ts';
import { createContainerRuntime } from './runtime.ts';

/** Runs a program in a container of its own. */
export const containerWorld: WorldDefinition = {
  name: 'container',
  summary: 'an OCI container: a process of the host OS with a PID, mount and UTS namespace of its own',
  guest: 'none',
  create: createContainerWorld,
};

/** A bundle around one program: its own processes, host name and files, and nothing else. */
export function bundleForProgram(program: WorldSpec['program'], hostname: string, files: FileTree = new Map()): Bundle {
  const args = programArguments(program);
  const config = {
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: {
      args,
      env: [...(program.environment ?? [])],
      cwd: '/',
    },
    hostname,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
  };
  return bundleFromFiles(
    new Map<string, BundleFile>([
      ['config.json', JSON.stringify(config)],
      ...[...files].map(([file, entry]) => [`rootfs${file}`, entry] as const),
      [`rootfs${args[0]}`, program.image],
    ]),
  );
}

/**
 * Makes the world on a host; it does not run yet. Throws ContainersError, and what the host says of a program it cannot run.
 */
export function createContainerWorld(host: HostKernel, spec: WorldSpec): World {
  const runtime = createContainerRuntime(host);
  const id = spec.name.replace(/[^A-Za-z0-9_+.-]/g, '-');
  let isThere = false;
  return createTaskWorld({
    host,
    spec,
    start(onOutput) {
      const { task } = runtime.create(id, bundleForProgram(spec.program, id, spec.files), {
        input: spec.input ?? new Uint8Array(0),
        memoryBytes: spec.memoryBytes,
        world: spec.name,
        ...(spec.trace === undefined ? {} : { trace: spec.trace }),
        onOutput,
      });
      runtime.start(id);
      isThere = true;
      return task;
    },
    refuseSnapshot: () => new ContainersError('unsupported', 'a container cannot be saved yet'),
    inspect: () => ({ state: isThere ? runtime.state(id) : undefined }),
    end() {
      isThere = false;
      runtime.delete(id, { force: true });
    },
  });
}
