import { createDebugger, readRegister, runMonitorCommand } from '@worldswitch/debugger';
import { assemble } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';

const kernel = assemble(
  `
    la   s0, counter
next:
    ld   a0, 0(s0)
    addi a0, a0, 3
    sd   a0, 0(s0)
    j    next
counter:
    .dword 0
  `,
  { origin: 0x8020_0000 },
);
const machine = Machine.create({ kernel: kernel.bytes, memoryBytes: 4 * 2 ** 20 });
const bug = createDebugger(machine);
bug.addWatchpoint({ kind: 'write', address: kernel.symbols.get('counter') ?? 0n, length: 8 });

const lines: string[] = [];
for (let round = 0; round < 3; round++) {
  bug.resume();
  const progress = bug.advance({ maxInstructions: 1_000_000 });
  if (progress.kind !== 'stopped') break;
  const { hart, hit } = progress;
  lines.push(`${hit.kind} at 0x${hit.address.toString(16)}: a0 is ${readRegister(hart, 10)}`);
}
lines.push(runMonitorCommand(bug, bug.hart(0), 'x /2i 0x80200008').trimEnd());
machine.dispose();

export { lines };
