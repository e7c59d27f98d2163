import { program } from '@worldswitch/guest-os';
import { createHostKernel } from '@worldswitch/host-os';
import { createHostHardware } from '@worldswitch/machine';

// A machine, and the host OS that owns it.
const host = createHostKernel(createHostHardware({ memoryBytes: 16 << 20 }));

// A static RISC-V Linux program as a process.
const lines: string[] = [];
const task = host.spawn({
  arguments: ['/hello', 'world'],
  image: program('hello'),
  onOutput: (bytes) => lines.push(new TextDecoder().decode(bytes).trimEnd()),
});
lines.push(`state: ${task.info().state}`);
const end = host.run({ maxInstructions: 1_000_000 });
lines.push(`${end}, exit code ${task.exitCode}`);
lines.push(`system calls: ${JSON.stringify(task.systemCalls)}`);
lines.push(`traps: ${JSON.stringify(task.traps)}`);

export { lines };
