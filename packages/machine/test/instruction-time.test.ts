import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/engine/create-engine.ts';
import { Machine, MachineError } from '../src/index.ts';

const firmware = assemble('loop: rdtime a0\naddi a1, a1, 1\nj loop', { origin: 0x8000_0000 }).bytes;
const make = (options: object) => Machine.create({ firmware, memoryBytes: 2 ** 22, ...options });

describe('an instruction takes as long as was said', () => {
  it.each([
    [1, 1, 30_000],
    [8, 1, 240_000],
    [1024, 1, 30_720_000],
    // Two harts share the time that goes by.
    [8, 2, 120_000],
  ])('%d ns, %d harts', (instructionTime, harts, nanoseconds) => {
    for (const engine of engineNames) {
      const machine = make({ instructionTime, harts, engine });
      machine.run({ maxInstructions: 30_000 });
      const ticks = Math.floor(nanoseconds / 100);
      expect(machine.board.group.clock.now(), engine).toBe(ticks);
      // What a loop read last was three instructions ago at most.
      const seen = Math.max(...machine.harts.map(({ vcpu }) => Number(vcpu.readX(10))));
      expect(seen, engine).toBeGreaterThan(ticks - 2 - (3 * instructionTime) / 100);
      expect(seen, engine).toBeLessThanOrEqual(ticks);
      machine.dispose();
    }
  });

  it('after a restore too', () => {
    const machine = make({ instructionTime: 8 });
    machine.run({ maxInstructions: 1000 });
    const restored = Machine.restore(machine.save());
    restored.run({ maxInstructions: 1000 });
    expect(restored.board.group.clock.now()).toBe(160);
    machine.dispose();
    restored.dispose();
  });

  it.each([0, 0.5, 1025, -1, Number.NaN])('and not %d ns', (instructionTime) => {
    expect(() => make({ instructionTime })).toThrow(MachineError);
  });
});
