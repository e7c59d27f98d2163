/// <reference types="node" />
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { engineNames } from '../src/engine/create-engine.ts';
import { Machine } from '../src/index.ts';
import { createRandom } from './random-program.ts';
import { digest } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

describe(`the guest OS runs alike on all engines (seed ${seed})`, () => {
  it.each(['tour', 'faults', 'fork-exec', 'pipe-ping-pong', 'sh'])('%s', (name) => {
    const random = createRandom(seed);
    const machines = engineNames.map((engine) => {
      const output: number[] = [];
      const machine = Machine.create({
        kernel: guestKernel('full'),
        initrd: createInitrd({ program: { path: '/program', data: program(name) } }),
        bootArguments: bootArguments({ init: '/program', quiet: true }),
        memoryBytes: 16 * 2 ** 20,
        engine,
        console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
      });
      // Within these few instructions next to nothing is visited as often as it takes by default.
      if (engine === 'compiled') {
        const { group } = machine.hart;
        group.engine = createCompiledEngine(group, { threshold: 40, coldStart: 500 });
      }
      machine.input(new TextEncoder().encode('echo typed\nexit\n'));
      return { machine, output };
    });
    const [first, ...others] = machines as [(typeof machines)[0], ...typeof machines];
    let instructions = 0;
    for (let slice = 0; slice < 400 && instructions < 3_000_000; slice++) {
      const maxInstructions = 1 + (random() % 20_000);
      instructions += maxInstructions;
      const ends = machines.map(({ machine }) => machine.run({ maxInstructions }));
      for (const [index, { machine }] of others.entries()) {
        expect(ends[index + 1]).toEqual(ends[0]);
        expect(machine.inspect()).toEqual(first.machine.inspect());
        expect(machine.traps).toEqual(first.machine.traps);
      }
      if (ends[0]?.reason !== 'budget') break;
    }
    for (const { machine, output } of others) {
      expect(machine.counters).toEqual(first.machine.counters);
      expect(output).toEqual(first.output);
      expect(digest(machine.board.ram.bytes)).toBe(digest(first.machine.board.ram.bytes));
    }
    for (const { machine } of machines) machine.dispose();
  });
});
