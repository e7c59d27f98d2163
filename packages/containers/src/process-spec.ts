import type { MountSpec, NamespaceKind, ProcessSpec } from '@worldswitch/contracts';
import type { Bundle } from './bundle.ts';
import { ContainersError } from './containers-error.ts';
import type { OciConfig } from './oci-config.ts';

/** What a configuration asks for that has no effect here, in words. */
export type Warnings = readonly string[];

const unsupported = (what: string): never => {
  throw new ContainersError('unsupported', `config.json: ${what}`);
};

/** Mount types that exist here, by their names in config.json; the others have no contents to show. */
const mountTypes: Readonly<Record<string, MountSpec['type']>> = {
  proc: 'proc',
  tmpfs: 'tmpfs',
  sysfs: 'sysfs',
  bind: 'bind',
  devpts: 'sysfs',
  mqueue: 'sysfs',
  cgroup: 'sysfs',
  cgroup2: 'sysfs',
};
const emptyTypes = ['sysfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2'];

/**
 * The process that a checked configuration describes, as the host's kernel starts it.
 * @throws ContainersError `unsupported` for what cannot be left out without harm.
 */
export function processSpecOf(
  config: OciConfig,
  bundle: Bundle,
): { readonly spec: ProcessSpec; readonly warnings: Warnings } {
  refuse(config);
  const kinds = config.linux.namespaces.map(({ type }) => type as NamespaceKind);
  // Its root would otherwise be everybody's.
  const namespaces = [...new Set<NamespaceKind>([...kinds, 'mount'])];
  if (config.hostname !== undefined && !namespaces.includes('uts')) {
    throw new ContainersError('config', 'config.json: hostname: needs a uts namespace in linux.namespaces');
  }
  const limit = config.linux.resources?.memory?.limit;
  const spec: ProcessSpec = {
    kind: 'container',
    arguments: config.process.args,
    environment: config.process.env,
    workingDirectory: config.process.cwd,
    namespaces,
    root: bundle.rootFiles,
    rootReadOnly: config.root.readonly,
    mounts: mountsOf(config),
    ...(config.hostname === undefined ? {} : { hostname: config.hostname }),
    ...(limit === undefined || limit < 0 ? {} : { memoryBytes: limit }),
  };
  return { spec, warnings: warningsFor(config) };
}

function refuse(config: OciConfig): void {
  const { process, linux, hooks } = config;
  const hook = Object.keys(hooks).find((name) => (hooks[name]?.length ?? 0) > 0);
  if (hook !== undefined) unsupported(`hooks.${hook}: hooks are programs of the host, and are not run`);
  if (process.terminal) unsupported('process.terminal: there are no terminals; give input and take output as streams');
  if (process.user.uid !== 0 || process.user.gid !== 0) unsupported('process.user: root is the only user');
  const joined = linux.namespaces.find(({ path }) => path !== undefined);
  if (joined !== undefined) unsupported(`linux.namespaces: joining ${joined.path} is not possible`);
  const types = linux.namespaces.map(({ type }) => type);
  if (new Set(types).size < types.length) {
    throw new ContainersError('config', 'config.json: linux.namespaces: a type is there twice');
  }
  if (linux.seccomp !== undefined && linux.seccomp.defaultAction !== 'SCMP_ACT_ALLOW') {
    unsupported('linux.seccomp: system calls cannot be filtered yet');
  }
}

function mountsOf(config: OciConfig): MountSpec[] {
  const mounts = config.mounts.map((mount, index): MountSpec => {
    const { destination, source, options } = mount;
    const isBind = options.includes('bind') || options.includes('rbind');
    const name = isBind ? 'bind' : (mount.type ?? 'none');
    const type = destination === '/dev' && !isBind ? 'dev' : mountTypes[name];
    if (type === undefined) return unsupported(`mounts.${index}: there is no file system type ${name}`);
    return { destination, type, readOnly: options.includes('ro'), ...(source === undefined ? {} : { source }) };
  });
  // Devices are there even if nobody asks (OCI runtime spec, config-linux.md, Default Devices).
  return mounts.some(({ destination }) => destination === '/dev')
    ? mounts
    : [{ destination: '/dev', type: 'dev' }, ...mounts];
}

function warningsFor(config: OciConfig): Warnings {
  const { process, linux, mounts } = config;
  const empty = mounts.filter(({ type }) => type !== undefined && emptyTypes.includes(type));
  return [
    ...(process.capabilities === undefined
      ? []
      : ['process.capabilities: every process has the powers of root inside']),
    ...(process.rlimits === undefined ? [] : ['process.rlimits: limits are the kernel’s own']),
    ...(linux.maskedPaths.length === 0 ? [] : ['linux.maskedPaths: not masked; /proc and /sys hold no secrets here']),
    ...(linux.readonlyPaths.length === 0 ? [] : ['linux.readonlyPaths: not enforced; nothing in /proc can be written']),
    ...empty.map(({ destination, type }) => `mounts: ${type} on ${destination} is empty`),
  ];
}
