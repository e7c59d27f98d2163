import { expect, it } from 'vitest';
import { Machine } from '../src/index.ts';

const good = { memoryBytes: 4 * 2 ** 20, kernel: new Uint8Array(16) };

it.each<[Readonly<Record<string, unknown>>, string]>([
  [{ hart: 2 }, "there is no option 'hart'; there are memoryBytes, kernel, "],
  [{ memoryBytes: undefined }, 'memoryBytes is missing: expected a number'],
  [{ memoryBytes: '1M' }, "the option 'memoryBytes' is '1M': expected a number"],
  [{ kernel: 'Image' }, "the option 'kernel' is 'Image': expected a Uint8Array"],
  [{ tlb: '4x2' }, "the option 'tlb' is '4x2': expected a TlbModel, or a function that makes one"],
  [{ tlb: { name: 'mine' } }, "the option 'tlb' is of type object: expected a TlbModel"],
  [{ tlb: () => undefined }, "the option 'tlb' makes what is undefined: expected a TlbModel"],
  [{ console: { write() {} } }, "the option 'console' is of type object: expected a HostConsole: { write, read }"],
  [{ trace: 5 }, "the option 'trace' is 5: expected a TraceSink: { emit }"],
  [{ virtio: {} }, "the option 'virtio' is of type object: expected a list of VirtioDevice or undefined"],
  [{ virtio: [{}] }, "the option 'virtio' is a list of something else: expected a list of VirtioDevice"],
  [
    { devices: [{ base: 0x3000_0000 }] },
    "the option 'devices' is a list of something else: expected a list of AddedDevice",
  ],
  [{ instructionSet: {} }, "the option 'instructionSet' is of type object: expected an InstructionSet"],
  [{ controls: { note: 5 } }, "the option 'controls' is of type object: expected functions by name"],
  [{ engine: 7 }, "the option 'engine' is 7: expected the name of an engine"],
])('refuses %j', (options, message) => {
  expect(() => Machine.create({ ...good, ...options } as never)).toThrow(message);
});

it('takes options that are left undefined', () => {
  expect(() => Machine.create({ ...good, tlb: undefined, harts: undefined } as never)).not.toThrow();
});
