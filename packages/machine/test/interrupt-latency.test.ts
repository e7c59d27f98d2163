/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { Machine } from '../src/index.ts';
import { DEFAULT_INSTRUCTION_TIME, PARTS_PER_TICK, partsOf } from '../src/schedule/machine-clock.ts';
import { powerOff } from './rig.ts';

/** What a pending interrupt may wait for at most, in instructions of its hart: so many take a tick, whatever the number of harts. */
const LIMIT = 10_000;
const INSTRUCTIONS_PER_TICK = PARTS_PER_TICK / partsOf(DEFAULT_INSTRUCTION_TIME, 1);

const engines = ['reference', 'interpreter', 'compiled', 'eager'] as const;
type TestedEngine = (typeof engines)[number];

/** Instructions until the interrupt: as long as it takes for the loop to be in the engine's last tier, and in `compiled` to be entered anew. */
const delays: Readonly<Record<TestedEngine, number>> = {
  reference: 15_000,
  interpreter: 60_000,
  compiled: 1_100_000,
  eager: 60_000,
};

/** A megabyte of instructions without a jump. */
const NOPS = 0x4_0000;
const NOP = 0x0000_0013;

/** What the hart does meanwhile, for ever. Registers s0 to s11 and sp are its own. */
const loops: Readonly<Record<string, string>> = {
  'a jump to itself': '1: j 1b',
  'a count': '1: addi s0, s0, 1\n add s1, s1, s0\n bnez s0, 1b\n j 1b',
  'nested loops': '1: li s0, 50\n2: li s1, 3\n3: addi s1, s1, -1\n bnez s1, 3b\n addi s0, s0, -1\n bnez s0, 2b\n j 1b',
  'nested calls': `
    li   sp, 0x80300000
1:  li   a0, 14
    call fib
    j    1b
fib:
    li   t0, 2
    blt  a0, t0, 2f
    addi sp, sp, -32
    sd   ra, 0(sp)
    sd   a0, 8(sp)
    addi a0, a0, -1
    call fib
    sd   a0, 16(sp)
    ld   a0, 8(sp)
    addi a0, a0, -2
    call fib
    ld   t0, 16(sp)
    add  a0, a0, t0
    ld   ra, 0(sp)
    addi sp, sp, 32
2:  ret`,
  'loads and stores':
    '1: li s0, 0x80300000\n li s1, 512\n2: ld s2, 0(s0)\n addi s2, s2, 1\n sd s2, 0(s0)\n addi s0, s0, 8\n addi s1, s1, -1\n bnez s1, 2b\n j 1b',
  'accesses across pages': '1: li s0, 0x80300ffd\n ld s1, 0(s0)\n sd s1, 0(s0)\n j 1b',
  'computed jumps': '1: la s0, 2f\n jr s0\n2: la s0, 1b\n jr s0',
  'jumps between pages': '1: j 2f\n .balign 4096\n2: j 3f\n .balign 4096\n3: j 1b',
  'a long block': `1:\n${' addi s0, s0, 3\n xor s1, s1, s0\n'.repeat(400)} j 1b`,
  'a megabyte without a jump': `1:\n .balign 4096\n .space ${NOPS * 4}\n j 1b`,
  'reads of a device': '1: li s0, 0x10000005\n lbu s1, 0(s0)\n j 1b',
  'reads of a CSR': '1: csrr s0, minstret\n j 1b',
  reservations: '1: li s0, 0x80300000\n2: lr.d s1, (s0)\n addi s1, s1, 1\n sc.d s2, s1, (s0)\n bnez s2, 2b\n j 1b',
  'environment calls': '1: ecall\n j 1b',
  waiting: '1: wfi\n j 1b',
};

interface Source {
  readonly harts: number;
  /** Enables it in the hart that loops, and notes in `deadline` when it is to come, if that is known. */
  readonly enable: (ticks: number) => string;
  /** What hart 0 does where hart 1 loops. */
  readonly send?: string;
}

const deadlineIn = (ticks: number) => `
    li   t0, 0x200bff8
    ld   t1, 0(t0)
    li   t2, ${ticks}
    add  t1, t1, t2
    la   t0, deadline
    sd   t1, 0(t0)`;

const sources: Readonly<Record<string, Source>> = {
  'the timer of the CLINT': {
    harts: 1,
    enable: (ticks) => `${deadlineIn(ticks)}\n li t0, 0x2004000\n sd t1, 0(t0)\n li t0, 0x80\n csrw mie, t0`,
  },
  stimecmp: {
    harts: 1,
    enable: (ticks) =>
      `${deadlineIn(ticks)}\n li t0, 1\n slli t0, t0, 63\n csrs menvcfg, t0\n csrw stimecmp, t1\n li t0, 0x20\n csrw mie, t0`,
  },
  'an interrupt of another hart': {
    harts: 2,
    enable: () => 'li t0, 8\n csrw mie, t0',
    send: 'li t0, 0x2000004\n li t1, 1\n sw t1, 0(t0)',
  },
  'a device, through the PLIC': {
    harts: 2,
    enable: () =>
      'li t0, 0xc000028\n li t1, 1\n sw t1, 0(t0)\n li t0, 0xc002100\n li t1, 0x400\n sw t1, 0(t0)\n li t0, 0x800\n csrw mie, t0',
    // The serial line's transmitter is empty: enabling that interrupt raises it.
    send: 'li t0, 0x10000001\n li t1, 2\n sb t1, 0(t0)',
  },
};

/** Ends with the ticks that the interrupt had to wait as its exit code. */
function program({ harts, enable, send = '' }: Source, loop: string, ticks: number): Uint8Array<ArrayBuffer> {
  const { bytes } = assemble(
    `
    la   t0, handler
    csrw mtvec, t0
    csrr t0, mhartid
    li   t1, ${harts - 1}
    bne  t0, t1, sender
    ${enable(ticks)}
    csrsi mstatus, 8
    j    loop
sender:
    li   t0, 0x200bff8
    li   t2, ${ticks}
1:  li   t3, 500
2:  addi t3, t3, -1
    bnez t3, 2b
    ld   t1, 0(t0)
    blt  t1, t2, 1b
    la   t3, deadline
    sd   t1, 0(t3)
    ${send}
1:  wfi
    j    1b
    .balign 4
handler:
    li   t0, 0x200bff8
    ld   t1, 0(t0)
    csrr t0, mcause
    bltz t0, 1f
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
1:  la   t0, deadline
    ld   t0, 0(t0)
    sub  a0, t1, t0
    ${powerOff}
    .balign 8
deadline: .dword 0
    .balign 4096
loop:
    ${loop}
`,
    { origin: 0x8000_0000 },
  );
  const code = new Uint8Array(bytes);
  const gap = code.byteLength - NOPS * 4;
  if (!loop.includes('.space')) return code;
  // The jump stands last.
  const start = (gap - 4) & -4096;
  const view = new DataView(code.buffer);
  for (let at = start; at < start + NOPS * 4; at += 4) view.setUint32(at, NOP, true);
  return code;
}

function machineFor(engine: TestedEngine, firmware: Uint8Array, harts: number): Machine {
  const name = engine === 'eager' ? 'compiled' : engine;
  const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, harts, engine: name });
  const { group } = machine.hart;
  if (engine === 'eager') group.engine = createCompiledEngine(group, { threshold: 0, coldStart: 0 });
  return machine;
}

describe.each(Object.entries(sources))('%s is taken within 10,000 instructions', (_, source) => {
  describe.each(engines)('by the %s engine, from', (engine) => {
    // A sender's own loop takes time: the others run for less.
    const instructions = source.send ? Math.min(delays[engine], 400_000) : delays[engine];
    const ticks = instructions / INSTRUCTIONS_PER_TICK;
    it.each(Object.entries(loops))('%s', (_name, loop) => {
      const machine = machineFor(engine, program(source, loop, ticks), source.harts);
      const end = machine.run({ maxInstructions: instructions * 3 + 200_000 });
      expect(end.reason).toBe('poweroff');
      expect(machine.counters.instructions).toBeGreaterThan(0);
      expect(end.exitCode * INSTRUCTIONS_PER_TICK).toBeLessThanOrEqual(LIMIT);
      machine.dispose();
    });
  });
});

describe('a limit of instructions is exact', () => {
  const seed = Number(process.env.WORLDSWITCH_SEED);
  /** Marsaglia's xorshift32. */
  let state = seed * 2 + 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };

  it.each(Object.entries(loops).filter(([name]) => name !== 'waiting'))(
    `by all engines, with one state after each run of random lengths (seed ${seed}): %s`,
    (_, loop) => {
      const firmware = program(sources['the timer of the CLINT']!, loop, 1_000_000);
      const machines = engines.map((engine) => machineFor(engine, firmware, 1));
      let total = 0;
      for (let run = 0; run < 60; run++) {
        // Short runs end inside blocks, long ones at the borders of what is compiled by then.
        const length = run % 6 === 5 ? 1 + random(3000) : 1 + random(run % 2 === 0 ? 12 : 130);
        total += length;
        const states = machines.map((machine) => {
          expect(machine.run({ maxInstructions: length })).toEqual({ reason: 'budget', exitCode: 0 });
          const { vcpu } = machine.harts[0]!;
          return {
            instructions: machine.counters.instructions,
            pc: vcpu.pc,
            x: Array.from({ length: 32 }, (_entry, index) => vcpu.readX(index)),
          };
        });
        for (const found of states) expect(found).toEqual({ ...states[0], instructions: total });
      }
      for (const machine of machines) machine.dispose();
    },
  );
});
