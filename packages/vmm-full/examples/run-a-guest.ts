// An unmodified guest OS with one program, in a virtual machine on a host OS.
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';
import { fullWorld } from '@worldswitch/vmm-full';

const hardware = createHostHardware({ memoryBytes: 64 << 20, engine: 'compiled' });
const host = createHostKernel(hardware);
const image = program('syscall-loop');
const world = fullWorld.create(host, {
  name: 'full',
  memoryBytes: 16 << 20,
  program: { image, arguments: ['/syscall-loop', '100'] },
  guest: {
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/syscall-loop', data: image } }),
    bootArguments: bootArguments({ init: '/syscall-loop', args: ['100'], quiet: true }),
  },
});

const result = world.run(10_000_000);
const { exits, traps } = world.metrics().program;
const emulated = (exits.csr ?? 0) + (exits.sret ?? 0);
export const lines = [
  `${new TextDecoder().decode(world.output()).trim()}; ${result?.reason} with ${result?.exitCode}`,
  `the program made ${traps['ecall-from-u']} system calls; the guest kernel was entered for ${exits['ecall-injected']}`,
  `and took about ${Math.round(emulated / (traps['ecall-from-u'] ?? 1))} exits for its own privileged instructions each time`,
];
world.dispose();
