import type { FileTree } from '@worldswitch/contracts';
import { program } from '@worldswitch/guest-os';
import { createHostKernel, type HostOs } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { type Bundle, type BundleFile, bundleFromFiles } from '../src/index.ts';

const secret = { type: 'file', mode: 0o600, data: new TextEncoder().encode('of the host\n') } as const;

/** A host OS with a file that is nobody else's business. */
export function createHost(root: FileTree = new Map([['/etc/secret', secret]])): HostOs {
  const hardware = createHostHardware({ memoryBytes: 64 << 20, engine: 'compiled' });
  return createHostKernel(hardware, { hostname: 'outside', root });
}

/** What `runc spec` would write, shortened. */
export function configOf(args: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  return {
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: { args, cwd: '/', env: ['PATH=/bin'] },
    hostname: 'inside',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    ],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
    ...more,
  };
}

export function bundleOf(config: unknown, files: ReadonlyMap<string, BundleFile> = new Map()): Bundle {
  const tools = ['sh', 'cat', 'ls', 'echo', 'hello', 'spin', 'tour'].map(
    (name) => [`rootfs/bin/${name}`, program(name)] as const,
  );
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return bundleFromFiles(new Map<string, BundleFile>([['config.json', text], ...tools, ...files]));
}

export function createOutput() {
  let text = '';
  return {
    onOutput: (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes);
    },
    get text() {
      return text;
    },
  };
}
