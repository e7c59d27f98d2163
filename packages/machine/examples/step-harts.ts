import { assemble } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';

// Two harts enter the same code in machine mode, for there is no firmware but this. Each counts in a word of its own.
const firmware = assemble(
  `
    csrr a0, mhartid
    la   s0, counters
    sh3add s0, a0, s0
next:
    ld   t0, (s0)
    addi t0, t0, 1
    sd   t0, (s0)
    j    next
    .balign 8
counters:
    .dword 0, 0
  `,
  { origin: 0x8000_0000 },
);
const machine = Machine.create({ firmware: firmware.bytes, memoryBytes: 4 * 2 ** 20, harts: 2 });

// One instruction of the hart whose turn it is: what it did, and where.
const lines: string[] = [];
for (let count = 0; count < 3; count++) {
  const { hart, kind, pc } = machine.step();
  lines.push(`hart ${hart} ${kind} 0x${pc.toString(16)}`);
}

// They take turns of 10,000 instructions. Memory is read by physical address, without disturbing the machine.
machine.run({ maxInstructions: 40_000 });
const counters = Number(firmware.symbols.get('counters'));
for (const { hart, vcpu, state } of machine.harts) {
  const counted = machine.board.ram.read32(counters + 8 * hart.id);
  lines.push(`hart ${hart.id} ${state}: ${vcpu.counters.instructions} instructions, counted to ${counted}`);
}
machine.dispose();

export { lines };
