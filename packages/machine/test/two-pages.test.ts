/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { engineNames } from '../src/engine/create-engine.ts';
import { Machine } from '../src/index.ts';
import { createRandom } from './random-program.ts';
import { digest } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

/** Halves of these stand, mixed at random, in the two pages. None writes a register that the program needs. */
const instructions = [
  ...['addi a0, a0, 5', 'addi a0, a0, -77', 'add a0, a0, a1', 'xori a1, a0, 0x55', 'mul a2, a0, a1', 'lui a1, 0x12345'],
  ...['ld a0, 0(sp)', 'lw a1, 8(sp)', 'lbu a2, 3(s4)', 'csrr a0, sscratch', 'csrr a1, sie', 'csrr a2, instret'],
  ...['beq a0, a0, . + 6', 'bne a0, a1, . - 10', 'jal a0, . + 4', 'auipc a2, 1', 'fence', 'amoadd.d a1, a0, (sp)'],
];

/** Calls an instruction at the end of one page whose second half is in one of two others, or nowhere, and changes from time to time. */
function program(random: () => number): string {
  const choose = <Item>(...items: readonly Item[]): Item => items[random() % items.length]!;
  const half = (shift: number): number => {
    const { bytes } = assemble(choose(...instructions), { origin: 0x4000_0ffe });
    return bytes[shift]! | (bytes[shift + 1]! << 8);
  };
  const call = () => `la s7, 1f\njalr s6\n1: xor s11, s11, a0\nslli t0, s11, 5\nadd s11, s11, t0\nadd s11, s11, a1`;
  const items: (() => string)[] = [
    ...[call, call, call, call],
    () => `li t0, ${half(0)}\nsh t0, 0(s1)`,
    () => `li t0, ${half(2)}\nsh t0, 0(${choose('s2', 's3')})`,
    () => `li t0, ${choose('0x2008084b', '0x20080c4b', '0x2008084b', '0x20080c4b', '0')}\nsd t0, 8(s5)\nsfence.vma`,
    () => `sd x0, 8(s5)`,
  ];
  return `
    la   t0, trap
    csrw mtvec, t0
    csrw stvec, t0
    li   t0, -1
    csrw medeleg, t0
    csrw mcounteren, t0
    # RAM at its own address, and three levels of tables for 0x40000000.
    li   t0, 0x80100000
    li   t1, 0x200000cf
    sd   t1, 16(t0)
    li   t1, 0x20040401
    sd   t1, 8(t0)
    li   t0, 0x80101000
    li   t1, 0x20040801
    sd   t1, 0(t0)
    li   s5, 0x80102000
    li   t1, 0x2008044b
    sd   t1, 0(s5)
    li   t0, 0x8000000000080100
    csrw satp, t0
    li   s1, 0x80201ffe
    li   s2, 0x80202000
    li   s3, 0x80203000
    li   s4, 0x80204000
    li   sp, 0x80204800
    li   s6, 0x40000ffe
    # ret
    li   t0, 0x8082
    sh   t0, 2(s2)
    sh   t0, 2(s3)
    li   t0, 0x13
    sh   t0, 0(s1)
    li   t0, 0x800
    csrs mstatus, t0
    la   t0, start
    csrw mepc, t0
    li   s11, 1
    mret
    .balign 4
trap:
    csrr t3, scause
    csrr t4, sepc
    csrr t5, stval
    add  s11, s11, t3
    xor  s11, s11, t4
    add  s11, s11, t5
    csrw sepc, s7
    sret
    .balign 4
start:
${Array.from({ length: 60 }, () => choose(...items)()).join('\n')}
    j    start`;
}

describe(`instructions in two pages (seed ${seed})`, () => {
  it.each([0, 1, 2, 3])('program %i', (number) => {
    const random = createRandom(seed + number);
    const firmware = assemble(program(random), { origin: 0x8000_0000 }).bytes;
    const machines = engineNames.map((engine) => {
      const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, engine });
      const { group } = machine.hart;
      if (engine === 'compiled') group.engine = createCompiledEngine(group, { threshold: 3, coldStart: 200 });
      return machine;
    });
    const [first, ...others] = machines as [Machine, ...Machine[]];
    for (let slice = 0; slice < 60; slice++) {
      const maxInstructions = 1 + (random() % 1500);
      const ends = machines.map((machine) => machine.run({ maxInstructions }));
      for (const [index, machine] of others.entries()) {
        expect(ends[index + 1]).toEqual(ends[0]);
        expect(machine.inspect(), `slice ${slice} of ${maxInstructions} on ${engineNames[index + 1]}`).toEqual(
          first.inspect(),
        );
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
});
