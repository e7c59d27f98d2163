import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { paraWorld } from '@worldswitch/vmm-para';

// A physical machine, a host OS on it, and on that a domain: the ported guest kernel with one program.
const host = createHostKernel(createHostHardware({ memoryBytes: 64 << 20 }));
const image = program('hello');
const world = paraWorld.create(host, {
  name: 'para',
  program: { image, arguments: ['/hello'] },
  memoryBytes: 16 << 20,
  guest: {
    kernel: guestKernel('para'),
    initrd: createInitrd({ program: { path: '/hello', data: image } }),
    bootArguments: bootArguments({ init: '/hello', quiet: true }),
  },
});
const result = world.run(10_000_000);
const { exits, hypercallsByName } = world.metrics().program;

export const lines = [
  `exit code ${result?.exitCode}: ${new TextDecoder().decode(world.output()).trim()}`,
  `exits ${JSON.stringify(exits)}`,
  `hypercalls ${JSON.stringify(hypercallsByName)}`,
];
world.dispose();
