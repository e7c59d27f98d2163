/** A process that boots Linux on our machine: KERNEL INITRD BOOT_ARGUMENTS MEMORY_MIB. */
import { readFileSync, writeSync } from 'node:fs';
import { Machine } from '@worldswitch/machine';
import { INIT_MARK } from './linux-session.ts';

const [kernel, initrd, bootArguments, mebibytes] = process.argv.slice(2);
if (!kernel || !initrd || !bootArguments || !mebibytes) {
  throw new Error('usage: run-linux-machine KERNEL INITRD BOOT_ARGUMENTS MEMORY_MIB');
}
let line = '';
let isBooted = false;
const machine: Machine = Machine.create({
  kernel: readFileSync(kernel),
  initrd: readFileSync(initrd),
  bootArguments,
  memoryBytes: Number(mebibytes) * 2 ** 20,
  engine: 'compiled',
  console: {
    // At once, not when the run has ended: who measures reads the marks.
    write(bytes) {
      writeSync(1, bytes);
      if (isBooted) return;
      line = (line + Buffer.from(bytes).toString('latin1')).slice(-1000);
      if (!line.includes(`${INIT_MARK}\r\n`)) return;
      isBooted = true;
      writeSync(1, `[${machine.counters.instructions} instructions]\n`);
    },
    read: () => new Uint8Array(0),
  },
});
const end = machine.run({});
if (end.reason !== 'poweroff') throw new Error(`the machine ended: ${end.message ?? end.reason}`);
