import { createElf } from '@worldswitch/contracts/conformance';
import { assemble } from '@worldswitch/isa';
import { createHostHardware } from '@worldswitch/machine';
import { expect, it } from 'vitest';
import { createHostKernel, type SystemCall } from '../src/index.ts';

const own = (changes: Readonly<Record<string, unknown>>) =>
  ({ number: 1023, name: 'mine', support: 'full', handler: () => 42, ...changes }) as SystemCall;
const { bytes } = assemble('li a7, 1023\n ecall\n li a7, 93\n ecall');
const image = createElf([...new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)]);
const run = (systemCalls: readonly SystemCall[]) => {
  const host = createHostKernel(createHostHardware({ memoryBytes: 16 << 20 }), { systemCalls });
  const task = host.spawn({ arguments: ['/mine'], image });
  host.run({ maxInstructions: 10_000 });
  return task.exitCode;
};

it('takes the place of one that there is', () => {
  // Without exit the program runs into what is no instruction.
  expect(run([own({})])).toBe(42);
  expect(run([own({}), own({ number: 93, handler: () => 7 })])).toBe(128 + 4);
});

it.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['a number as text', { number: '1023' }, "the system call 'mine' (1023) must have a whole number from 0 to 1023"],
  ['a number that programs cannot reach', { number: 1024 }, 'must have a whole number from 0 to 1023'],
  ['no name', { name: undefined }, "the system call 'undefined' (1023) must have a name"],
  ['a support that there is not', { support: 'yes' }, 'must have a support that is one of full, partial, accepted'],
  ['no handler', { handler: undefined }, 'must have a handler: (process, args) => number'],
  [
    'no result',
    { handler: () => undefined },
    "the handler of the system call 'mine' (1023) gave undefined; expected a whole number",
  ],
  ['a fraction', { handler: () => 1.5 }, 'gave 1.5; expected a whole number'],
  ['a bigint', { handler: () => 42n }, 'gave 42; expected a whole number'],
  ['a Promise', { handler: async () => 42 }, 'gave a Promise; expected a whole number'],
])('is refused with %s', (_, changes, message) => {
  expect(() => run([own(changes)])).toThrow(message);
});

it('is refused twice, and as what is no list', () => {
  expect(() => run([own({}), own({ name: 'other' })])).toThrow('two system calls of your own have the number 1023');
  expect(() => run({} as never)).toThrow('systemCalls must be a list of system calls');
});
