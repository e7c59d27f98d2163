// What it takes to start a machine with a program: a kernel image, an initrd, a command line.
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';

const kernel = guestKernel('full');
const initrd = createInitrd({
  program: { path: '/hello', data: program('hello') },
  files: [{ path: '/etc/motd', data: new TextEncoder().encode('welcome\n') }],
});
const append = bootArguments({ init: '/hello', args: ['a', 'b c'], quiet: true });

console.log(kernel.length > 0 && initrd.length > 0 ? append : 'no images');
