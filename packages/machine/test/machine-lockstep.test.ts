/// <reference types="node" />
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { Machine } from '../src/index.ts';
import { createRandom } from './random-program.ts';

const seed = Number(process.env.WORLDSWITCH_SEED ?? Date.now() % 1_000_000);

/** A digest of all of RAM (FNV-1a over words). */
function digest(machine: Machine): number {
  const { bytes } = machine.board.ram;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let hash = 0x811c_9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x0100_0193);
  return hash;
}

describe(`the guest OS runs alike on both engines (seed ${seed})`, () => {
  it.each(['tour', 'faults', 'fork-exec', 'pipe-ping-pong', 'sh'])('%s', (name) => {
    const random = createRandom(seed);
    const machines = (['reference', 'compiled'] as const).map((engine) => {
      const output: number[] = [];
      const machine = Machine.create({
        kernel: guestKernel('full'),
        initrd: createInitrd({ program: { path: '/program', data: program(name) } }),
        bootArguments: bootArguments({ init: '/program', quiet: true }),
        memoryBytes: 16 * 2 ** 20,
        engine,
        console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
      });
      machine.input(new TextEncoder().encode('echo typed\nexit\n'));
      return { machine, output };
    });
    const [first, second] = machines as [(typeof machines)[0], (typeof machines)[0]];
    let instructions = 0;
    for (let slice = 0; slice < 400 && instructions < 3_000_000; slice++) {
      const maxInstructions = 1 + (random() % 20_000);
      instructions += maxInstructions;
      const ends = machines.map(({ machine }) => machine.run({ maxInstructions }));
      expect(ends[1]).toEqual(ends[0]);
      expect(second.machine.inspect()).toEqual(first.machine.inspect());
      expect(second.machine.traps).toEqual(first.machine.traps);
      if (ends[0]?.reason !== 'budget') break;
    }
    expect(second.machine.counters).toEqual(first.machine.counters);
    expect(second.output).toEqual(first.output);
    expect(digest(second.machine)).toBe(digest(first.machine));
    for (const { machine } of machines) machine.dispose();
  });
});
