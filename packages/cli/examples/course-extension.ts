/**
 * An extension of one's own: an instruction by its meaning, one that acts on the whole hart, and what that does.
 * Try it, on the program beside it:
 *   npx worldswitch assemble --extension packages/cli/examples/course-extension.ts packages/cli/examples/course-program.s -o course.elf
 *   npx worldswitch compare --extension packages/cli/examples/course-extension.ts ./course.elf
 */
import { type IsaExtension, rowsOf, semantics } from '@worldswitch/isa';
import type { ControlOperation } from '@worldswitch/machine';

const { add, multiply, constant, rs1, rs2, setX, control } = semantics;
const row = rowsOf('Xcourse', 'Course notes', 'Week 3');

const extension: IsaExtension = {
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
    row(
      'weekday',
      'R',
      '0000010 00000 00000 111 ddddd 0001011',
      'rd',
      'The day of the week, 0 for Monday.',
      control('weekday'),
    ),
  ],
};
export default extension;

export const controls: Readonly<Record<string, ControlOperation>> = {
  // It never changes, so that runs can be repeated.
  weekday: (hart, { rd }) => {
    if (rd !== 0) hart.writeX(rd, 2n);
  },
};
