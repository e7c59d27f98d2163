import { assemble } from '@worldswitch/isa';
import { createTlb } from '@worldswitch/mmu-tlb';
import { describe, expect, it } from 'vitest';
import { type EngineName, engineNames, Machine, MachineError } from '../src/index.ts';
import { powerOff } from './rig.ts';

const memoryBytes = 4 * 2 ** 20;
const firmwareOf = (source: string) => assemble(source, { origin: 0x8000_0000 }).bytes;

function firmwareMachine(source: string, harts: number, engine: EngineName): Machine {
  return Machine.create({ firmware: firmwareOf(source), memoryBytes, harts, engine });
}

/**
 * Each hart adds `rounds` times one to each of three counters: one under a spinlock taken by amoswap, one by lr/sc, one by amoadd; the
 * counter of amoadd is changed by lr/sc as well. The last hart to finish says how many additions are missing.
 */
const counting = (harts: number, rounds: number) => `
      csrr s0, mhartid
      la   s1, lock
      la   s2, guarded
      la   s3, reserved
      la   s4, added
      li   s5, ${rounds}
  round:
      li   t0, 1
  take:
      amoswap.w.aq t1, t0, (s1)
      bnez t1, take
      ld   t2, 0(s2)
      addi t2, t2, 1
      sd   t2, 0(s2)
      amoswap.w.rl zero, zero, (s1)
  retry:
      lr.d t2, (s3)
      addi t2, t2, 1
      sc.d t3, t2, (s3)
      bnez t3, retry
      amoadd.d zero, t0, (s4)
  retry_mixed:
      lr.d t2, (s4)
      addi t2, t2, 1
      sc.d t3, t2, (s4)
      bnez t3, retry_mixed
      addi s5, s5, -1
      bnez s5, round
      la   t0, finished
      li   t1, 1
      amoadd.w t2, t1, (t0)
      li   t3, ${harts - 1}
      bne  t2, t3, sleep
      ld   a0, 0(s2)
      ld   a1, 0(s3)
      ld   a2, 0(s4)
      add  a0, a0, a1
      add  a0, a0, a2
      li   a1, ${harts * rounds * 4}
      sub  a0, a1, a0
      ${powerOff}
  sleep:
      wfi
      j    sleep
      .align 6
  lock:     .dword 0
      .align 6
  guarded:  .dword 0
      .align 6
  reserved: .dword 0
      .align 6
  added:    .dword 0
  finished: .dword 0
`;

describe.each(engineNames)('several harts under the %s engine', (engine) => {
  it.each([2, 4, 8])('%i harts lose no addition under a spinlock, by lr/sc and by amoadd', (harts) => {
    const machine = firmwareMachine(counting(harts, 3000), harts, engine);
    expect(machine.run({ maxInstructions: 20_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
    for (const { vcpu } of machine.harts) expect(vcpu.counters.instructions).toBeGreaterThan(3000 * 15);
    machine.dispose();
  });

  it('a store of another hart between lr and sc makes sc fail', () => {
    // Hart 0 reserves and waits until hart 1 has stored the same value; sc must fail all the same.
    const machine = firmwareMachine(
      `
      csrr s0, mhartid
      la   s1, cell
      la   s2, flag
      bnez s0, other
      lr.d t0, (s1)
      li   t1, 1
      sd   t1, 0(s2)
  wait:
      ld   t1, 8(s2)
      beqz t1, wait
      sc.d a0, t0, (s1)
      ${powerOff}
  other:
      ld   t1, 0(s2)
      beqz t1, other
      ld   t0, 0(s1)
      sd   t0, 0(s1)
      sd   t1, 8(s2)
  sleep:
      wfi
      j    sleep
      .align 6
  cell: .dword 7
      .align 6
  flag: .dword 0
      .dword 0
  `,
      2,
      engine,
    );
    expect(machine.run({ maxInstructions: 1_000_000 })).toEqual({ reason: 'poweroff', exitCode: 1 });
    machine.dispose();
  });

  it('msip wakes the hart it belongs to, and mtimecmp of each hart is its own', () => {
    const machine = firmwareMachine(
      `
      csrr s0, mhartid
      la   t0, handler
      csrw mtvec, t0
      li   s1, 0x2000000
      li   t0, 0x88
      csrw mie, t0
      bnez s0, sleep
      # Hart h gets its timer at 1000 * h ticks; the ones without stay asleep.
      li   t1, 0x2004000
      li   t2, 3000
      sd   t2, 24(t1)
      li   t2, 2000
      sd   t2, 16(t1)
      li   t2, 1
      sw   t2, 4(s1)
      csrsi mstatus, 8
  idle0:
      la   t0, order
      lw   t1, 0(t0)
      li   t2, 3
      bne  t1, t2, idle0
      lw   a0, 4(t0)
      ${powerOff}
  sleep:
      csrsi mstatus, 8
      wfi
      j    sleep
  handler:
      csrr t0, mcause
      slli t0, t0, 1
      srli t0, t0, 1
      # Each appends its number and cause to a word, a nibble each, and counts itself.
      la   t1, order
      lw   t2, 4(t1)
      slli t2, t2, 4
      add  t2, t2, s0
      add  t2, t2, t0
      sw   t2, 4(t1)
      lw   t2, 0(t1)
      addi t2, t2, 1
      sw   t2, 0(t1)
      slli t2, s0, 2
      add  t2, t2, s1
      sw   zero, 0(t2)
      csrw mie, zero
      mret
      .align 4
  order: .word 0
      .word 0
  `,
      4,
      engine,
    );
    // Hart 1 by software (3 + 1), hart 2 by its timer (7 + 2), hart 3 by its timer later (7 + 3).
    expect(machine.run({ maxInstructions: 1_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0x49a });
    machine.dispose();
  });

  it('time read on one hart is never earlier than what another read before, and tells elapsed rounds', () => {
    const harts = 4;
    const machine = firmwareMachine(
      `
      la   s1, last
      li   s2, 20000
  again:
      # The lock makes reading and publishing one step.
      li   t0, 1
      amoswap.w.aq t1, t0, (s1)
      bnez t1, again
      ld   t1, 8(s1)
      li   t3, 0x200bff8
      ld   t2, 0(t3)
      bltu t2, t1, backwards
      sd   t2, 8(s1)
      amoswap.w.rl zero, zero, (s1)
      addi s2, s2, -1
      bnez s2, again
      li   a0, 0
      ${powerOff}
  backwards:
      li   a0, 1
      j    power_off
      .align 12
  last: .dword 0
      .dword 0
  `,
      harts,
      engine,
    );
    expect(machine.run({ maxInstructions: 20_000_000 })).toEqual({ reason: 'poweroff', exitCode: 0 });
    const ticks = machine.board.group.clock.now();
    const { instructions } = machine.counters;
    expect(Math.abs(ticks - instructions / harts / 100)).toBeLessThan(200);
    machine.dispose();
  });

  it('software sets mtime for all harts', () => {
    const machine = firmwareMachine(
      `
      csrr s0, mhartid
      la   s1, cell
      bnez s0, other
      li   t0, 0x200bff8
      li   t1, 0x123456789
      sd   t1, 0(t0)
      li   t1, 1
      sd   t1, 0(s1)
  sleep:
      wfi
      j    sleep
  other:
      ld   t1, 0(s1)
      beqz t1, other
      csrr t0, time
      li   t1, 0x123456789
      sub  a0, t0, t1
      li   t1, 5000
      sltu a0, a0, t1
      ${powerOff}
      .align 3
  cell: .dword 0
  `,
      2,
      engine,
    );
    expect(machine.run({ maxInstructions: 100_000 })).toEqual({ reason: 'poweroff', exitCode: 1 });
    machine.dispose();
  });

  it('code that one hart rewrites is new for the others, in whatever page they store to', () => {
    // Hart 1 calls `routine` for ever; hart 0 patches it from returning 1 to returning 2, after its own store table knew the page.
    const machine = firmwareMachine(
      `
      csrr s0, mhartid
      la   s1, routine
      la   s2, cell
      la   s3, patch
      bnez s0, caller
      sd   zero, 64(s1)
      li   s4, 20000
  linger:
      addi s4, s4, -1
      bnez s4, linger
      lw   t0, 0(s3)
      sw   t0, 0(s1)
  sleep:
      wfi
      j    sleep
  caller:
      jal  routine
      li   t0, 1
      beq  a0, t0, caller
      ${powerOff}
  patch:
      li   a0, 2
      .align 6
  cell: .dword 0
      .align 12
  routine:
      addi a0, zero, 1
      ret
      nop
  `,
      2,
      engine,
    );
    expect(machine.run({ maxInstructions: 1_000_000 })).toEqual({ reason: 'poweroff', exitCode: 2 });
    machine.dispose();
  });
});

describe('runs of several harts', () => {
  const state = (machine: Machine) => ({ seen: machine.inspect(), memory: machine.board.ram.bytes.slice(0, 8192) });

  it('are the same on both engines, in one run, in many and in steps, instruction for instruction', () => {
    const source = counting(4, 2000);
    const total = 55_555;
    const whole = firmwareMachine(source, 4, 'compiled');
    whole.run({ maxInstructions: total });
    const pieces = firmwareMachine(source, 4, 'reference');
    let rest = total;
    for (let piece = 1; rest > 0; piece = (piece * 7) % 1999) {
      pieces.run({ maxInstructions: Math.min(rest, piece) });
      rest -= Math.min(rest, piece);
    }
    const stepped = firmwareMachine(source, 4, 'compiled');
    while (stepped.counters.instructions < total) stepped.step();
    expect(whole.counters.instructions).toBe(total);
    expect(state(pieces)).toEqual(state(whole));
    expect(state(stepped)).toEqual(state(whole));
    for (const machine of [whole, pieces, stepped]) machine.dispose();
  });

  it('a hart can be stepped out of turn', () => {
    const machine = firmwareMachine('1: addi a0, a0, 1\nj 1b', 3, 'compiled');
    for (let i = 0; i < 5; i++) expect(machine.step(2)).toMatchObject({ kind: 'retired', hart: 2 });
    expect(machine.harts.map(({ vcpu }) => vcpu.counters.instructions)).toEqual([0, 0, 5]);
    expect(machine.step()).toMatchObject({ kind: 'retired', hart: 0 });
    expect(() => machine.step(3)).toThrow(MachineError);
    machine.dispose();
  });

  it('end idle when all harts wait and no timer is set', () => {
    const machine = firmwareMachine('1: wfi\nj 1b', 8, 'compiled');
    expect(machine.run({ maxInstructions: 1000 })).toMatchObject({ reason: 'idle' });
    machine.dispose();
  });
});

it('numbers of harts and TLB models that make no machine are refused', () => {
  const make = (harts: number, tlb?: ReturnType<typeof createTlb>) =>
    Machine.create({ firmware: firmwareOf('wfi'), memoryBytes, harts, ...(tlb && { tlb }) });
  for (const harts of [0, 9, 1.5, Number.NaN]) expect(() => make(harts)).toThrow(MachineError);
  expect(() => make(2, createTlb({ sets: 4, ways: 1 }))).toThrow(/each hart has a TLB of its own/);
  make(1, createTlb({ sets: 4, ways: 1 })).dispose();
});
