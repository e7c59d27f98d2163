import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { type EngineName, engineNames, Machine, type RunEnd } from '../src/index.ts';

/** Runs firmware with a watchdog that looks often. */
function watch(engine: EngineName, source: string, harts = 1): RunEnd {
  const firmware = assemble(source, { origin: 0x8000_0000 }).bytes;
  const machine = Machine.create({ firmware, harts, memoryBytes: 4 * 2 ** 20, engine });
  const end = machine.run({ maxInstructions: 300_000, watchdog: 20_000 });
  machine.dispose();
  return end;
}
/** mtimecmp of hart 0. */
const timer = 0x200_4000;

describe.each(engineNames)('the watchdog on the %s engine', (engine) => {
  it('ends a loop that does nothing', () => {
    const end = watch(engine, 'li s0, 5\n1: nop\n j 1b');
    expect(end.reason).toBe('stuck');
    expect(end.message).toMatch(/^it repeats the same 2 instructions around pc 0x8000000[48a] for ever: /);
  });

  it('ends a storm of traps, and says which', () => {
    const end = watch(
      engine,
      `la   sp, stack
       la   t0, handler
       csrw mtvec, t0
       li   s0, 0x40000000
       ld   a0, 0(s0)
       .balign 4
  handler:
       sd   ra, 0(sp)
       csrr t1, mepc
       sd   t1, 8(sp)
       csrw mepc, t1
       mret
       .balign 16
  stack: .dword 0, 0`,
    );
    expect(end).toMatchObject({ reason: 'stuck' });
    expect(end.message).toContain('taking load-access-fault each time');
  });

  it('ends when one hart spins and the others have stopped for good', () => {
    const end = watch(engine, 'csrr a0, mhartid\n beqz a0, spin\n1: wfi\n j 1b\nspin: j spin', 2);
    expect(end.message).toMatch(/^hart 0 repeats the same 1 instructions/);
  });

  it.each([
    ['computes', 'li s0, 1\n1: addi s0, s0, 1\n j 1b'],
    [
      'writes memory',
      'la s0, 2f\n1: ld a0, 0(s0)\n addi a0, a0, 1\n sd a0, 0(s0)\n li a0, 0\n j 1b\n.balign 8\n2: .dword 0',
    ],
    ['polls the time', '1: csrr a0, time\n j 1b'],
    ['polls a device', `li s0, 0x10000000\n1: lbu a0, 5(s0)\n j 1b`],
    [
      'waits for a timer',
      `li s0, ${timer}\n li a0, 1000000\n sd a0, 0(s0)\n li a0, 128\n csrw mie, a0\n csrwi mstatus, 8\n1: j 1b`,
    ],
    ['waits for input', 'li a0, 2048\n csrw mie, a0\n csrwi mstatus, 8\n1: j 1b'],
  ])('leaves a machine alone that %s', (_, source) => {
    expect(watch(engine, source)).toMatchObject({ reason: 'budget' });
  });

  it('leaves a lock alone that another hart holds', () => {
    const source = `csrr a0, mhartid
      la   s0, flag
      beqz a0, waits
      li   s1, 100000
  1:  addi s1, s1, -1
      bnez s1, 1b
      li   a1, 1
      sw   a1, 0(s0)
  2:  j    2b
  waits:
      lw   a1, 0(s0)
      beqz a1, waits
      li   t0, 0x100000
      li   t1, 0x5555
      sw   t1, 0(t0)
  3:  j    3b
      .balign 8
  flag: .dword 0`;
    expect(watch(engine, source, 2).reason).toBe('budget');
  });
});

it('leaves an operating system alone, and changes nothing of it', () => {
  const image = program('tour');
  const run = (watchdog?: number) => {
    const machine = Machine.create({
      kernel: guestKernel('full'),
      initrd: createInitrd({ program: { path: '/program', data: image } }),
      bootArguments: bootArguments({ init: '/program', quiet: true }),
      memoryBytes: 32 * 2 ** 20,
    });
    const end = machine.run({ maxInstructions: 50_000_000, ...(watchdog !== undefined && { watchdog }) });
    const { instructions } = machine.counters;
    machine.dispose();
    return { end, instructions };
  };
  expect(run(10_000)).toEqual(run());
  expect(run().end).toMatchObject({ reason: 'poweroff' });
});
