import { createElf } from '@worldswitch/contracts/conformance';
import { createHostKernel, type SystemCall } from '@worldswitch/host-os';
import { assemble } from '@worldswitch/isa';
import { createHostHardware } from '@worldswitch/machine';

// A system call of one's own is a row of the table: its arguments are in a0 to a5, its result goes to a0.
const multiply: SystemCall = {
  number: 1023,
  name: 'multiply',
  support: 'full',
  handler: (_process, args) => args.int(0) * args.int(1),
};
const host = createHostKernel(createHostHardware({ memoryBytes: 16 << 20 }), { systemCalls: [multiply] });

// A static Linux program that makes the call, and ends with the result as its exit code.
const { bytes } = assemble(`
    li  a0, 6
    li  a1, 7
    li  a7, 1023
    ecall
    li  a7, 93              # exit
    ecall
`);
const image = createElf([...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)]);
const task = host.spawn({ arguments: ['/multiply'], image });
host.run({ maxInstructions: 10_000 });
const { exitCode, systemCalls } = task;

export { exitCode, systemCalls };
