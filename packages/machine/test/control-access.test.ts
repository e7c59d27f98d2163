/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../src/engine/compiler/index.ts';
import { engineNames } from '../src/engine/create-engine.ts';
import { Machine } from '../src/index.ts';
import { createRandom } from './random-program.ts';
import { digest } from './rig.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);

/** User pages, supervisor pages that are only executable, and nothing, at these virtual addresses; all of them are the data. */
const USER = 0x20_0000;
const EXECUTE_ONLY = 0xc020_0000;
const UNMAPPED = 0x4020_0000;
const DATA = 0x8020_0000;

/** Supervisor code that changes sstatus and looks at what comes of it; traps and interrupts go into a digest in s11. */
function program(random: () => number): string {
  const choose = <Item>(...items: readonly Item[]): Item => items[random() % items.length]!;
  const register = () => choose('a0', 'a1', 'a2', 'x0');
  const place = () => choose(USER, USER, DATA, DATA, EXECUTE_ONLY, UNMAPPED) + ((random() % 0x1000) & ~7);
  const items: (() => string)[] = [
    () => `${choose('csrrsi', 'csrrci')} ${register()}, sstatus, ${choose(2, 2, 2, 0, 31)}`,
    () => `csrrwi ${register()}, sstatus, ${choose(2, 0, 31)}`,
    () =>
      `li t0, ${choose(2, 2, 0x20, 0x100, 0x122, 0x4_0000, 0x4_0000, 0x4_0000, 0x8_0000, 0x4_0002, 0x6000)}
       ${choose('csrrs', 'csrrc', 'csrrs', 'csrrc', 'csrrw')} ${register()}, sstatus, t0`,
    () => `csrr a1, sstatus\nadd s11, s11, a1`,
    () =>
      `li t1, ${place()}\n${choose('lw a0, 0(t1)', 'ld a0, 0(t1)', 'sd a2, 0(t1)', 'sb a1, 3(t1)')}\nadd s11, s11, a0`,
    () => `li t1, ${place()}\nld a0, 0(t1)\nld a1, 8(t1)\nld a2, 16(t1)\nadd s11, s11, a2`,
    () => `li t1, ${place() + (random() % 64)}\ncbo.zero (t1)`,
    () => `rdtime a2\nadd s11, s11, a2`,
    () => `${choose('frrm a2', 'frrm a2', `fsrmi a2, ${random() % 8}`, 'csrrs a2, frm, a1')}\nadd s11, s11, a2`,
    () => `fcvt.d.l fa0, a1\nfadd.d fa1, fa1, fa0\nfmv.x.d a0, fa1\nadd s11, s11, a0`,
    () => `li t0, 0x6000\n${choose('csrc', 'csrs')} sstatus, t0\nfsd fa1, 0(sp)\nfadd.d fa1, fa1, fa0`,
    () => `rdtime a1\nslli s11, s11, 1\nrdtime a2\nxor s11, s11, a2\nsub a1, a2, a1\nadd s11, s11, a1`,
    () => `${choose('csrrsi', 'csrrci')} ${register()}, sip, 2`,
    () => `csrr a0, time\naddi a0, a0, ${random() % 4}\ncsrw stimecmp, a0`,
    () => `csrrw a1, ${choose('sscratch', 'stval', 'sepc')}, a0\nadd s11, s11, a1`,
    () => `li t0, ${choose(0x80, 0)}\nli a7, ${choose(0, 1)}\necall`,
    () => `slli t2, s11, 3\nxor s11, s11, t2\nsrli t2, s11, 7\nxor s11, s11, t2`,
  ];
  const body = Array.from({ length: 50 }, () => choose(...items)());
  return `
    la   t0, machine_trap
    csrw mtvec, t0
    li   t0, -1
    csrw medeleg, t0
    li   t0, 0x222
    csrw mideleg, t0
    li   t0, -1
    csrw mcounteren, t0
    li   t0, 0x80000000000000f1
    csrw menvcfg, t0
    # Pages of 1 GiB: all of RAM for the user at 0, for the supervisor at its own address, and executable.
    li   t0, 0x80100000
    li   t1, 0x200000d7
    sd   t1, 0(t0)
    li   t1, 0x200000cf
    sd   t1, 16(t0)
    li   t1, 0x200000c9
    sd   t1, 24(t0)
    li   t0, 0x8000000000080100
    csrw satp, t0
    # Calls from supervisor mode stay in machine mode.
    li   t0, 0x200
    csrc medeleg, t0
    la   t0, supervisor_trap
    csrw stvec, t0
    li   t0, 0x22
    csrw sie, t0
    li   t0, -1
    csrw stimecmp, t0
    li   t0, 0x800
    csrs mstatus, t0
    la   t0, supervisor
    csrw mepc, t0
    li   s10, 0
    li   sp, 0x80210000
    li   s11, 1
    mret
    .balign 4
machine_trap:
    beqz a7, 1f
    csrrc zero, menvcfg, t0
    j    2f
1:  csrrs zero, menvcfg, t0
2:  csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
    .balign 4
supervisor_trap:
    csrr t3, scause
    csrr t4, sepc
    xor  s11, s11, t3
    add  s11, s11, t4
    csrr t5, stval
    add  s11, s11, t5
    bltz t3, 1f
    addi t4, t4, 4
    csrw sepc, t4
    sret
1:  csrci sip, 2
    li   t5, -1
    csrw stimecmp, t5
    addi s10, s10, 1
    sret
    .balign 4
supervisor:
    # Both interrupts become pending while they are held back, and are taken when they no longer are.
    csrci sstatus, 2
    csrr a0, time
    addi a0, a0, 1
    csrw stimecmp, a0
    # Longer than a tick of the clock.
    li   t0, 60
3:  addi t0, t0, -1
    bnez t0, 3b
    csrsi sstatus, 2
    csrci sstatus, 2
    csrsi sip, 2
    csrsi sstatus, 2
${body.join('\n')}
    addi s9, s9, 1
    j    supervisor`;
}

describe(`what engines do in place has all its consequences (seed ${seed})`, () => {
  it.each([0, 1, 2, 3, 4, 5])('program %i', (number) => {
    const random = createRandom(seed + number);
    const firmware = assemble(program(random), { origin: 0x8000_0000 }).bytes;
    const instructionTime = [1, 1, 8, 3, 1, 1024][number]!;
    const machines = engineNames.map((engine) => {
      const machine = Machine.create({ firmware, memoryBytes: 4 * 2 ** 20, engine, instructionTime });
      if (engine === 'compiled') {
        const { group } = machine.hart;
        group.engine = createCompiledEngine(group, { threshold: 3, coldStart: 200 });
      }
      return machine;
    });
    const [first, ...others] = machines as [Machine, ...Machine[]];
    let length = 1;
    for (let slice = 0; slice < 120; slice++) {
      const maxInstructions = 1 + (random() % length);
      length = Math.min(length * 2, 2000);
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
    expect(Object.keys(first.traps)).toEqual(
      expect.arrayContaining(['supervisor-software-interrupt', 'supervisor-timer-interrupt']),
    );
    for (const machine of others) expect(digest(machine.board.ram.bytes)).toBe(digest(first.board.ram.bytes));
    for (const machine of machines) machine.dispose();
  });
});
