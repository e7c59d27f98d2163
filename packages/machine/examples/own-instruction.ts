import { assemble, builtInExtensions, createInstructionSet, defineCsr, rowsOf, semantics } from '@worldswitch/isa';
import { type ControlOperation, Machine } from '@worldswitch/machine';

// Two instructions of one's own, one by its meaning and one that acts on the whole hart, and a CSR: all engines have them.
const { add, multiply, constant, rs1, rs2, setX, control } = semantics;
const row = rowsOf('Xcourse', 'Course notes', 'Week 3');
const extension = {
  name: 'Xcourse',
  rows: [
    row(
      'triple.add',
      'R',
      '0000001 ttttt sssss 111 ddddd 0001011',
      'rd, rs1, rs2',
      'Three times rs1 plus rs2.',
      setX(add(multiply(rs1, constant(3n)), rs2)),
    ),
    row('note', 'R', '0000010 00000 sssss 111 00000 0001011', 'rs1', 'Tell the host.', control('note')),
  ],
  csrs: [defineCsr(0x5c0, 'scourse', 'The number of the week', 'Week 4', { fields: '5:0 WEEK RW' })],
};
const instructionSet = createInstructionSet([...builtInExtensions, extension]);

const notes: bigint[] = [];
const controls: Readonly<Record<string, ControlOperation>> = {
  note: (hart, { rs1 }) => {
    notes.push(hart.readX(rs1));
  },
};
const kernel = assemble(
  `
    li   a1, 5
    triple.add a0, a1, a1
    note a0
    li   a0, 0x107
    csrw scourse, a0          # bits that are no field stay 0
    csrr a0, scourse
    note a0
here:
    j    here
  `,
  { instructionSet, origin: 0x8020_0000 },
);
const machine = Machine.create({ kernel: kernel.bytes, memoryBytes: 4 * 2 ** 20, instructionSet, controls });
machine.run({ maxInstructions: 100 });
machine.dispose();

export { notes };
