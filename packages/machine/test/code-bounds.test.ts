import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { DECODED_PAGES } from '../src/engine/interpreter/layout.ts';
import { firmwareMachine } from './rig.ts';

const PLACES = 500;
const MAX_FUNCTIONS = 128;
const MAX_BYTES = 30_000;

/**
 * Makes functions all the time, each at a place of its own, and calls each until it is compiled: what a just-in-time
 * compiler in the guest does, or a system that starts programs for hours.
 */
const restless = `
    li   s0, 0
    li   s1, ${PLACES}
    li   s2, 0x80100000
    li   s3, 0x80100000 + ${PLACES} * 2048
    li   a0, 0
next:
    la   t0, template
    ld   t1, 0(t0)
    ld   t2, 8(t0)
    ld   t3, 16(t0)
    sd   t1, 0(s2)
    sd   t2, 8(s2)
    sd   t3, 16(s2)
    fence.i
    li   s4, 8
1:  jalr ra, 0(s2)
    addi s4, s4, -1
    bnez s4, 1b
    addi s2, s2, 2047
    addi s2, s2, 1
    blt  s2, s3, 2f
    li   s2, 0x80100000
2:  addi s0, s0, 1
    blt  s0, s1, next
    li   t0, 0x100000
    li   t1, 0x5555
    sw   t1, 0(t0)
3:  j    3b
.balign 8
template:
    addi a0, a0, 1
    li   t4, 3
1:  addi t4, t4, -1
    bnez t4, 1b
    ret
    nop
    nop
    nop
`;

describe('translated code', () => {
  it.each([{ maxFunctions: MAX_FUNCTIONS }, { maxBytes: MAX_BYTES }])(
    'stays within bounds (%o) however much code a guest makes, and keeps what is used',
    (bounds) => {
      const machine = firmwareMachine(restless, 'compiled');
      const { group } = machine.hart;
      const engine = createCompiledEngine(group, { threshold: 2, coldStart: 0, ...bounds });
      group.engine = engine;
      let mostRegions = 0;
      let mostPages = 0;
      let mostBytes = 0;
      for (;;) {
        const end = machine.run({ maxInstructions: 50_000 });
        const { liveRegions, liveBytes, decodedPages } = engine.statistics;
        mostRegions = Math.max(mostRegions, liveRegions);
        mostPages = Math.max(mostPages, decodedPages);
        mostBytes = Math.max(mostBytes, liveBytes);
        if (end.reason !== 'budget') {
          expect(end.reason).toBe('poweroff');
          break;
        }
      }
      expect(machine.board.vcpu.readX(10)).toBe(BigInt(PLACES * 8));
      const { evictedModules, regions } = engine.statistics;
      expect(regions).toBeGreaterThan(PLACES);
      expect(evictedModules).toBeGreaterThan(MAX_FUNCTIONS / 32);
      expect(mostRegions).toBeLessThanOrEqual(bounds.maxFunctions ?? PLACES);
      expect(mostBytes).toBeLessThanOrEqual(bounds.maxBytes ?? Number.POSITIVE_INFINITY);
      expect(mostPages).toBeLessThanOrEqual(DECODED_PAGES);
      // The loop that does all this runs compiled throughout.
      const { instructions } = machine.statistics;
      expect(instructions.compiled).toBeGreaterThan(instructions.total / 4);
      machine.dispose();
    },
  );

  it.each([
    { coolingInterval: 1_000_000, isCompiled: false },
    { coolingInterval: Number.POSITIVE_INFINITY, isCompiled: true },
  ])(
    'is made of what is visited often, not of what is visited now and then for long (%o)',
    ({ coolingInterval, isCompiled }) => {
      // 4000 calls, one every 2,000 instructions: 500 in a cooling interval, and 1000 kept at most.
      const machine = firmwareMachine(
        `
    li   s0, 4000
again:
    li   t0, 1000
1:  addi t0, t0, -1
    bnez t0, 1b
    call rare
    addi s0, s0, -1
    bnez s0, again
    li   t1, 0x100000
    li   t2, 0x5555
    sw   t2, 0(t1)
2:  j    2b
.balign 4096
rare:
    addi a0, a0, 1
    ret
`,
        'compiled',
      );
      const { group } = machine.hart;
      const engine = createCompiledEngine(group, { threshold: 1500, coldStart: 0, coolingInterval });
      group.engine = engine;
      expect(machine.run({ maxInstructions: 10_000_000 }).reason).toBe('poweroff');
      expect(machine.board.vcpu.readX(10)).toBe(4000n);
      // The loop, and the function in the page after it.
      expect(engine.statistics.regions > 1).toBe(isCompiled);
      expect(engine.statistics.regions).toBeGreaterThan(0);
      machine.dispose();
    },
  );

  it('is made ever more reluctantly where its own data stand next to it', () => {
    const machine = firmwareMachine(
      `
    la   s1, data
    li   s0, 300000
    j    loop
    .balign 64
loop:
    ld   t0, 0(s1)
    addi t0, t0, 1
    sd   t0, 0(s1)
    addi s0, s0, -1
    bnez s0, loop
    j    finish
    .balign 8
data: .dword 0
finish:
    li   t1, 0x100000
    li   t2, 0x5555
    sw   t2, 0(t1)
    j    finish
`,
      'compiled',
    );
    expect(machine.run({ maxInstructions: 5_000_000 }).reason).toBe('poweroff');
    expect(machine.board.vcpu.readX(5)).toBe(300_000n);
    // Each time the next store throws it away: without any back-off, 24 times.
    const { engine } = machine.statistics;
    expect(engine?.invalidations).toBeGreaterThan(0);
    expect(engine?.modules).toBeLessThan(12);
    machine.dispose();
  });
});
