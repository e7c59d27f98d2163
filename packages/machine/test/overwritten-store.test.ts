import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/engine/create-engine.ts';
import { firmwareMachine } from './rig.ts';

/** Rounds of the loop ahead: enough that the store is interpreted, where there is an interpreter. */
const ROUNDS = 20_000;

describe('a store that overwrites its own instruction by shorter ones', () => {
  for (const engine of engineNames) {
    it(`goes on behind itself on the ${engine} engine`, () => {
      const machine = firmwareMachine(
        `   li t0, ${ROUNDS}
        1: addi t0, t0, -1
           bnez t0, 1b
           la t0, 2f
           li t1, 0x10001
        2: sw t1, 0(t0)
           addi t2, t2, 1
        3: j 3b`,
        engine,
      );
      expect(machine.run({ maxInstructions: 2 + 2 * ROUNDS + 2 + 2 + 2 }).reason).toBe('budget');
      expect(machine.hart.readX(7)).toBe(1n);
    });
  }
});
