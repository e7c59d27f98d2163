import { bootArguments, createInitrd, guestKernel, guestKernelElf, program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { type EngineName, engineNames, Machine } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { hasGdb, runGdb } from './gdb-session.ts';

function guestMachine(engine: EngineName): Machine {
  const image = program('hello');
  return Machine.create({
    kernel: guestKernel('full'),
    initrd: createInitrd({ program: { path: '/program', data: image } }),
    bootArguments: bootArguments({ init: '/program', quiet: true }),
    memoryBytes: 32 * 2 ** 20,
    engine,
  });
}

/** Two harts in machine mode: each counts in a word of its own, and both in a common one. */
const twoHarts = assemble(
  `_start:
    csrr a0, mhartid
    la   s0, own
    slli t0, a0, 3
    add  s0, s0, t0
    la   s1, common
    bnez a0, second
first:
    ld   t1, 0(s0)
    addi t1, t1, 1
    sd   t1, 0(s0)
    amoadd.d t2, a0, (s1)
    j    first
second:
    ld   t1, 0(s0)
    addi t1, t1, 1
    sd   t1, 0(s0)
in_second:
    amoadd.d t2, a0, (s1)
    j    second
    .balign 4096
own: .dword 0, 0
common: .dword 0`,
  { origin: 0x8000_0000 },
);

// Debian's package gdb-multiarch.
describe.skipIf(!hasGdb).each(engineNames)('gdb-multiarch and two harts on the %s engine', (engine) => {
  it('shows them as threads, breaks and steps in each', async () => {
    const machine = Machine.create({ firmware: twoHarts.bytes, harts: 2, memoryBytes: 4 * 2 ** 20, engine });
    machine.run({ maxInstructions: 300_000 });
    const place = (label: string) => `0x${twoHarts.symbols.get(label)?.toString(16)}`;
    const { output } = await runGdb(machine, [
      `break *${place('in_second')}`,
      'continue',
      'info threads',
      'p $mhartid',
      'thread apply all p $a0',
      'stepi',
      'p $pc',
      'delete',
      'thread 1',
      'p $mhartid',
      'stepi',
      'info threads',
      `watch *(long*) ${place('own')}`,
      'continue',
      'p $mhartid',
      `rwatch *(long*) ${place('common')}`,
      'delete 2',
      'continue',
      'kill',
    ]);
    expect(output).toMatch(/Thread 2 "hart 1" hit Breakpoint 1/);
    expect(output).toMatch(
      / {2}1 +Thread 1 "hart 0" \(M-mode, running\).*\n\* 2 +Thread 2 "hart 1" \(M-mode, running\)/,
    );
    expect(output).toContain('$1 = 1\n');
    expect(output).toMatch(/Thread 2 .*\n\$2 = 1\n\nThread 1 .*\n\$3 = 0\n/);
    expect(output).toContain(`$4 = (void (*)()) 0x${(twoHarts.symbols.get('in_second')! + 4n).toString(16)}`);
    expect(output).toContain('$5 = 0\n');
    expect(output).toMatch(/\* 1 +Thread 1 "hart 0"/);
    expect(output).toMatch(/Thread 1 "hart 0" hit Hardware watchpoint 2/);
    expect(output).toContain('$6 = 0\n');
    expect(output).toMatch(/hit Hardware read watchpoint 3/);
    machine.dispose();
  });
});

describe.skipIf(!hasGdb).each(engineNames)('gdb-multiarch and the guest kernel on the %s engine', (engine) => {
  const elf = guestKernelElf('full');

  it('breaks, prints registers, CSRs and memory, steps and finishes', async () => {
    const machine = guestMachine(engine);
    const { output, state } = await runGdb(
      machine,
      [
        'info threads',
        'break kernel_main',
        'continue',
        'info registers sp pc',
        'p $priv',
        'stepi',
        'stepi',
        'x/2i $pc',
        'delete',
        'hbreak syscall_dispatch',
        'break trap_entry',
        'continue',
        'delete 3',
        'continue',
        'p/x $satp >> 60',
        'p/x $scause',
        'delete',
        'finish',
        'info registers csr',
        'set $sscratch = 0x1234',
        'p/x $sscratch',
        'set $a0 = 77',
        'p $a0',
        'set $fa0 = 1.5',
        'p $fa0',
        'p free_count = (long) free_count',
        'set *(long*) &free_count = 4242',
        'p *(long*) &free_count',
        'monitor info tlb',
        'monitor info mem',
        'monitor info cpus',
        'monitor gva2gpa 0xffffffc080200000',
        'monitor nonsense',
        'detach',
      ],
      { elf },
    );
    expect(output).toMatch(/\* 1 +Thread 1 "hart 0" \(S-mode, running\) 0x0*80200000/);
    expect(output).toMatch(/Breakpoint 1, 0xf+c08\w+ in kernel_main/);
    expect(output).toContain('$1 = 1');
    expect(output).toMatch(/=> 0xf+c08\w+ <kernel_main\+4>:\tsd/);
    expect(output).toMatch(/Breakpoint 3, 0xf+c08\w+ in trap_entry/);
    expect(output).toMatch(/Breakpoint 2, 0xf+c08\w+ in syscall_dispatch/);
    expect(output).toContain('$2 = 0x8\n');
    expect(output).toContain('$3 = 0x8\n');
    expect(output).toMatch(/\n0xf+c08\w+ in trap_from_user/);
    for (const name of ['satp', 'stvec', 'mstatus', 'medeleg', 'misa']) {
      expect(output).toMatch(new RegExp(`^${name} +0x`, 'm'));
    }
    expect(output).toContain('$4 = 0x1234\n');
    expect(output).toContain('$5 = 77\n');
    expect(output).toMatch(/\$6 = .*1\.5/);
    expect(output).toContain(' = 4242\n');
    expect(output).toMatch(/\d+ entries, \d+ lookups, \d+ misses/);
    expect(output).toMatch(/satp Sv39\nvirtual.*\n0000000000/);
    expect(output).toMatch(/\* hart 0: pc 0xf+c08\w+ S-mode, running/);
    expect(output).toContain('0x0000000080200000 V');
    expect(output).toContain("there is no command 'nonsense'");
    expect(state).toBe('detached');
    // It runs on as if nothing had been there.
    expect(machine.hart.points).toBeUndefined();
    machine.dispose();
  });

  it('watches a variable', async () => {
    const machine = guestMachine(engine);
    const { output } = await runGdb(
      machine,
      [
        'break frame_alloc',
        'continue',
        'delete',
        'watch *(long*) &free_count',
        'continue',
        'continue',
        'rwatch *(long*) &frontier',
        'delete 2',
        'continue',
        'kill',
      ],
      { elf },
    );
    const changes = [...output.matchAll(/Hardware watchpoint 2: .*\n\nOld value = (\d+)\nNew value = (\d+)\n/g)];
    expect(changes).toHaveLength(2);
    for (const [, before, after] of changes) expect(Number(after)).toBe(Number(before) - 1);
    expect(output).toMatch(/Hardware read watchpoint 3: .*\n\nValue = \d+/);
    machine.dispose();
  });

  it('goes back: reverse-stepi to the same registers, reverse-continue to a store and to a breakpoint', async () => {
    const machine = guestMachine(engine);
    const { output } = await runGdb(
      machine,
      [
        'break process_init',
        'continue',
        'delete',
        'break syscall_dispatch',
        'continue',
        'p $_ = 1111',
        'info registers ra sp gp tp t0 s0 s1 a0 a1 pc',
        'stepi 7',
        'reverse-stepi 7',
        'p $_ = 2222',
        'info registers ra sp gp tp t0 s0 s1 a0 a1 pc',
        'p $_ = 3333',
        'delete',
        'watch *(long*) &free_count',
        'reverse-continue',
        'reverse-continue',
        'continue',
        'delete',
        'break process_init',
        'reverse-continue',
        'delete',
        'reverse-continue',
        'kill',
      ],
      { elf },
    );
    const between = (start: string, end: string) => output.split(start)[1]?.split(end)[0] ?? '';
    const registers = (text: string) =>
      [...text.matchAll(/^(\w+) +(0x[0-9a-f]+)/gm)].slice(0, 10).map(([, name, value]) => `${name} ${value}`);
    expect(registers(between('= 2222\n', '= 3333\n'))).toHaveLength(10);
    expect(registers(between('= 1111\n', '= 2222\n'))).toEqual(registers(between('= 2222\n', '= 3333\n')));
    const changes = [...output.matchAll(/Hardware watchpoint 3: .*\n\nOld value = (\d+)\nNew value = (\d+)\n/g)];
    const values = changes.map(([, old, now]) => [Number(old), Number(now)] as const);
    expect(values).toHaveLength(3);
    // Back, back again, and forward through the same change.
    expect(values[1]?.[0]).toBe(values[0]?.[1]);
    expect(values[2]).toEqual([values[1]?.[1], values[1]?.[0]]);
    expect(output).toMatch(/Breakpoint 4, 0xf+c08\w+ in process_init/);
    expect(output).toContain('No more reverse-execution history');
    machine.dispose();
  });

  it('is told how the machine ends', async () => {
    const machine = guestMachine(engine);
    const { output, state } = await runGdb(machine, ['continue'], { elf });
    expect(output).toContain('exited normally');
    expect(state).toBe('ended');
    machine.dispose();
  });
});
