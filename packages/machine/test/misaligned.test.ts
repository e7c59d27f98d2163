/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { engineNames } from '../src/engine/create-engine.ts';
import { Machine } from '../src/index.ts';
import { createRandom } from './random-program.ts';
import { digest } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

const accesses = [
  ...['lh a1, 0(a0)', 'lhu a1, 0(a0)', 'lw a1, 0(a0)', 'lwu a1, 0(a0)', 'ld a1, 0(a0)', 'lbu a1, 0(a0)'],
  ...['sh s11, 0(a0)', 'sw s11, 0(a0)', 'sd s11, 0(a0)', 'fld fa1, 0(a0)', 'fsd fa1, 0(a0)'],
];

/**
 * Supervisor code with translation: RAM at its own address, and from 0x40000000 three pages, the first and the last read and
 * written, the middle one read only. They are not neighbours in physical memory.
 */
const set = `
    li   t0, 0x80200000
    li   t1, 0x80204000
    li   t2, 0x9e3779b97f4a7c15
1:  mul  t3, t0, t2
    sd   t3, 0(t0)
    addi t0, t0, 8
    blt  t0, t1, 1b
    la   t0, trap
    csrw mtvec, t0
    csrw stvec, t0
    li   t0, -1
    csrw medeleg, t0
    li   t0, 0x80100000
    li   t1, 0x200000cf
    sd   t1, 16(t0)
    li   t1, 0x20040401
    sd   t1, 8(t0)
    li   t0, 0x80101000
    li   t1, 0x20040801
    sd   t1, 0(t0)
    li   t0, 0x80102000
    li   t1, 0x200808c7
    sd   t1, 0(t0)
    li   t1, 0x20080043
    sd   t1, 8(t0)
    li   t1, 0x200804c7
    sd   t1, 16(t0)
    li   t0, 0x8000000000080100
    csrw satp, t0
    li   t0, 0x6800
    csrs mstatus, t0
    li   t0, 0x1000
    csrc mstatus, t0
    la   t0, start
    csrw mepc, t0
    li   s11, 0x123456789abcdef
    mret
    .balign 4
trap:
    csrr t3, scause
    csrr t5, stval
    add  s11, s11, t3
    xor  s11, s11, t5
    csrr t4, sepc
    addi t4, t4, 4
    csrw sepc, t4
    sret
    .balign 4
start:`;

/** Walks over the pages in small steps, as copies of unaligned texts do, at the same places again and again. */
function program(random: () => number): string {
  const choose = <Item>(items: readonly Item[]): Item => items[random() % items.length]!;
  const walks = Array.from({ length: 8 }, (_, index) => {
    const step = choose([1, 2, 3, 7, 8, 8, 8]);
    const body = Array.from({ length: 1 + (random() % 3) }, () => `${choose(accesses)}\nadd s11, s11, a1`).join('\n');
    return `
      li   a0, ${0x4000_0000 + choose([0xfc0, 0x1fc0, 0x10, 0x2f80]) + (random() % 16)}
      li   a2, ${choose([12, 40, 70])}
walk${index}:
      ${body}
      addi a0, a0, ${step}
      addi a2, a2, -1
      bnez a2, walk${index}
      slli t0, s11, 5
      add  s11, s11, t0`;
  });
  return `.option norvc\n${set}\n${walks.join('\n')}\nj start`;
}

const load = (engine: (typeof engineNames)[number], firmware: Uint8Array): Machine => {
  const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, engine });
  const { group } = machine.hart;
  if (engine === 'compiled') group.engine = createCompiledEngine(group, { threshold: 3, coldStart: 200 });
  return machine;
};

describe(`misaligned accesses (seed ${seed})`, () => {
  it.each([0, 1, 2, 3, 4, 5])('are the same on all engines: program %i', (number) => {
    const random = createRandom(seed + number);
    const firmware = assemble(program(random), { origin: 0x8000_0000 }).bytes;
    const machines = engineNames.map((engine) => load(engine, firmware));
    const [first, ...others] = machines as [Machine, ...Machine[]];
    for (let slice = 0; slice < 40; slice++) {
      const maxInstructions = 1 + (random() % 1500);
      const ends = machines.map((machine) => machine.run({ maxInstructions }));
      for (const [index, machine] of others.entries()) {
        expect(ends[index + 1]).toEqual(ends[0]);
        expect(machine.inspect(), `slice ${slice} of ${maxInstructions}`).toEqual(first.inspect());
        expect(machine.traps).toEqual(first.traps);
      }
      if (ends[0]?.reason !== 'budget') throw new Error(`it ended: ${JSON.stringify(ends[0])}`);
    }
    for (const machine of others) {
      expect(machine.counters).toEqual(first.counters);
      expect(digest(machine.board.ram.bytes)).toBe(digest(first.board.ram.bytes));
    }
    for (const machine of machines) machine.dispose();
  });

  it('stay in compiled code within a page', () => {
    const rounds = 10_000;
    const { bytes: firmware } = assemble(
      `.option norvc\n${set}
        li   a2, ${rounds}
    1:  li   a0, 0x40000003
        ld   a1, 0(a0)
        add  a0, a0, a1
        sub  a0, a0, a1
        addi a0, a0, 10
        sd   a2, 0(a0)
        addi a2, a2, -1
        bnez a2, 1b
    2:  j    2b`,
      { origin: 0x8000_0000 },
    );
    const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, engine: 'compiled' });
    const { group } = machine.hart;
    const engine = createCompiledEngine(group, { threshold: 3, coldStart: 200 });
    group.engine = engine;
    machine.run({ maxInstructions: rounds * 10 + 10_000 });
    const { loads, stores } = engine.statistics.calls;
    expect(machine.board.vcpu.readX(12)).toBe(0n);
    expect(loads + stores).toBeLessThan(100);
    machine.dispose();
  });
});
