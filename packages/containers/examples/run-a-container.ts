import { type BundleFile, bundleFromFiles, createContainerRuntime } from '@worldswitch/containers';
import { program } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';

// The files of an OCI bundle: in Node they would come from a directory.
const config = {
  ociVersion: '1.2.0',
  root: { path: 'rootfs' },
  process: {
    args: ['sh', '-c', 'cat /proc/hostname; cat /proc/1/comm; cat /proc/mounts'],
    cwd: '/',
    env: ['PATH=/bin'],
  },
  hostname: 'box',
  mounts: [{ destination: '/proc', type: 'proc' }],
  linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
};
const bundle = bundleFromFiles(
  new Map<string, BundleFile>([
    ['config.json', JSON.stringify(config)],
    ...['sh', 'cat', 'ls'].map((name) => [`rootfs/bin/${name}`, program(name)] as const),
  ]),
);

const host = createHostKernel(createHostHardware({ memoryBytes: 16 << 20 }));
const containers = createContainerRuntime(host);
const output: string[] = [];
const { task } = containers.create('first', bundle, {
  onOutput: (bytes) => output.push(new TextDecoder().decode(bytes).trimEnd()),
});
output.push(containers.state('first').status);
containers.start('first');
host.run({ maxInstructions: 10_000_000 });
output.push(containers.state('first').status, `exit code ${task.exitCode}`);
containers.delete('first');

export { output };
