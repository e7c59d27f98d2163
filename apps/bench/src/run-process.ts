/** A process that runs a static Linux program as a process of our host OS: FILE N. */
import { readFileSync } from 'node:fs';
import { createHostKernel, createProcessWorld } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';

/** As the bare machine has; see bare-machine.ts. */
const MEMORY_BYTES = 128 * 2 ** 20;

const [file, n] = process.argv.slice(2);
if (!file || !n) throw new Error('usage: run-process FILE N');
const hardware = createHostHardware({ memoryBytes: MEMORY_BYTES, engine: 'compiled' });
const world = createProcessWorld(createHostKernel(hardware), {
  name: 'bench',
  program: { image: readFileSync(file), arguments: ['/program', n] },
  memoryBytes: MEMORY_BYTES,
});
const start = performance.now();
const result = world.run(Number.POSITIVE_INFINITY);
const milliseconds = performance.now() - start;
process.stdout.write(world.output());
const { instructions, tlb } = world.metrics().program;
process.stderr.write(
  `${instructions.user} instructions in ${milliseconds.toFixed(1)} ms, ${tlb.misses} TLB misses; ${result?.message ?? ''}\n`,
);
process.exitCode = result?.reason === 'exited' ? result.exitCode : 1;
