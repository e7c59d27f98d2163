import {
  assemble,
  builtInExtensions,
  createInstructionSet,
  describe,
  disassemble,
  type EvaluationState,
  evaluate,
  rowsOf,
  semantics,
} from '@worldswitch/isa';

// An instruction of one's own: one row. Everything below is derived from it.
const { add, multiply, constant, rs1, rs2, setX } = semantics;
const row = rowsOf('Xcourse', 'Course notes', 'Week 3');
const triple = row(
  'triple.add',
  'R',
  '0000001 ttttt sssss 111 ddddd 0001011',
  'rd, rs1, rs2',
  'Three times rs1 plus rs2.',
  setX(add(multiply(rs1, constant(3n)), rs2)),
);
const instructionSet = createInstructionSet([...builtInExtensions, { name: 'Xcourse', rows: [triple] }]);

const { bytes } = assemble('li a1, 5\n triple.add a0, a1, a1', { instructionSet });

// The reference semantics run on anything that has registers and memory; this program needs registers only.
const x = new Array<bigint>(32).fill(0n);
const state = {
  pc: 0n,
  nextPc: 0n,
  readX: (register: number) => x[register],
  writeX: (register: number, value: bigint) => {
    x[register] = value;
  },
} as unknown as EvaluationState;

export const lines: string[] = [];
const code = new DataView(bytes.buffer);
for (let offset = 0; offset < bytes.length; offset += 4) {
  const decoded = instructionSet.decode(code.getUint32(offset, true));
  if (!decoded) throw new Error('illegal instruction');
  evaluate(decoded, state);
  lines.push(`${disassemble(decoded.bits, offset, { instructionSet })}  # a0 = ${x[10]}`);
}
lines.push(
  ...describe(triple)
    .split('\n')
    .filter((line) => line.includes('rs1')),
);
