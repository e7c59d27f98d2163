// Runs one program in two worlds and says what a system call costs in each: the traps it takes until it is done.
import { builtInProgram, compare } from '@worldswitch/cli';
import { guestKernel } from '@worldswitch/guest-os';

const { worlds, identical } = compare({
  program: builtInProgram('syscall-loop', ['100']),
  worlds: ['bare', 'full', 'para', 'container'],
  unmodifiedKernel: guestKernel('full'),
  paravirtualKernel: guestKernel('para'),
  rounds: 0,
});
export const lines = worlds.map(({ name, traps, exits }) => {
  const exitCount = Object.values(exits).reduce((sum, count) => sum + count, 0);
  return `${name}: ${traps['ecall-from-u']} system calls, ${exitCount} exits to a VMM`;
});
console.log([...lines, identical ? 'the same output everywhere' : 'the worlds disagree'].join('\n'));
