import { describe, expect, it } from 'vitest';
import { engineNames } from '../src/engine/create-engine.ts';
import { firmwareMachine } from './rig.ts';

/** Compiled code comes back after a million instructions. */
const STRETCH = 1_000_000;
/** Instructions of a round of the loop below, whose second is a fence: of the reference semantics, among compiled ones. */
const ROUND = 84;

describe('a budget just above a stretch of compiled code', () => {
  for (const engine of engineNames) {
    for (const off of [-1, 0, 1]) {
      it(`is exact on the ${engine} engine where the stretch ends ${off} instructions from one not compiled`, () => {
        const padding = ((STRETCH - 1) % ROUND) + off;
        const machine = firmwareMachine(
          `${'nop\n'.repeat(padding)}
          1: addi t0, t0, 1
             sfence.vma
             li t1, 40
          2: addi t1, t1, -1
             bnez t1, 2b
             j 1b`,
          engine,
        );
        const maxInstructions = STRETCH + 20;
        expect(machine.run({ maxInstructions }).reason).toBe('budget');
        expect(machine.counters.instructions).toBe(maxInstructions);
        expect(machine.hart.readX(5)).toBe(BigInt(Math.ceil((maxInstructions - padding) / ROUND)));
      });
    }
  }
});
