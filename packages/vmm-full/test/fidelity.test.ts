import { type EngineName, Machine } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { assembleGuest, createGuest, KERNEL, runGuest } from './guest.ts';
import { createHost } from './host.ts';

/**
 * Popek and Goldberg's first demand: a guest finds what it would find on the real machine. Each of these guests writes down what
 * it sees, and runs on the bare machine and in a virtual one.
 */
const RESULTS = 0x8030_0000;

const prologue = `
.equ RESULTS, ${RESULTS}
  li s1, RESULTS
  la t0, handler
  csrw stvec, t0
`;
/** Notes a register. */
const note = (register: string) => `  sd ${register}, 0(s1)\n  addi s1, s1, 8\n`;
/** Notes cause, where, value and status of a trap, and goes on after the instruction (of 4 bytes), in the mode it came from. */
const handler = `
.balign 4
handler:
  csrr t3, scause
${note('t3')}
  csrr t4, stval
${note('t4')}
  csrr t4, sstatus
${note('t4')}
  csrr t4, sepc
${note('t4')}
  bltz t3, 9f
  addi t4, t4, 4
  csrw sepc, t4
9: sret
`;
const powerOff = `
  li t0, TEST
  li t1, 0x5555
  sw t1, 0(t0)
1: j 1b
`;

const guests: Readonly<Record<string, string>> = {
  'device accesses of every kind': `
${prologue}
  li a0, UART
  li t0, 0x9a
  sb t0, 7(a0)
  lb t1, 7(a0)
${note('t1')}
  lbu t1, 7(a0)
${note('t1')}
  lb zero, 7(a0)
  li a5, 0x0c000000
  li a4, 5
  sw a4, 4(a5)
  li a3, 7
  c.sw a3, 8(a5)
  lw t1, 4(a5)
${note('t1')}
  lwu t1, 8(a5)
${note('t1')}
  c.lw a3, 8(a5)
${note('a3')}
  ld t1, 8(a5)
${note('t1')}
  li a4, 0x300000002
  c.sd a4, 16(a5)
  c.ld a3, 16(a5)
${note('a3')}
  li a5, 0x0c200000
  li a4, -1
  sw a4, 0(a5)
  lwu t1, 0(a5)
${note('t1')}
${powerOff}${handler}`,

  'exceptions of the kernel': `
${prologue}
  .balign 4
  .option push
  .option norvc
  .word 0xffffffff
  ebreak
  csrr t0, mstatus
  csrw cycle, t0
  li t2, 0x40000000
  ld t0, 0(t2)
  sd t0, 0(t2)
  amoadd.w t0, t0, (t2)
  li t2, -8
  ld t0, 0(t2)
  mret
  .option pop
${powerOff}${handler}`,

  'calls of the firmware': `
${prologue}
${[
  [0x10, 0, 0],
  [0x10, 1, 0],
  [0x10, 3, 0x5449_4d45],
  [0x10, 3, 0x1234],
  [0x10, 4, 0],
  [0x10, 99, 0],
  [0x1234, 0, 0],
  [0x73_5049, 0, 6],
  [0x48_534d, 0, 0],
  [0x48_534d, 0, 1],
  [0x48_534d, 2, 0],
  [0x48_534d, 3, 77],
  [0x5246_4e43, 0, 1],
  [0x5246_4e43, 1, 1],
  [0x5246_4e43, 0, 2],
  [0x5352_5354, 0, 5],
  [0x4442_434e, 2, 33],
  [2, 0, 0],
  [3, 0, 0],
]
  .map(
    ([extension, call, argument]) => `
  li a7, ${extension}
  li a6, ${call}
  li a0, ${argument}
  li a1, 0
  li a2, 0
  ecall
${note('a0')}${note('a1')}`,
  )
  .join('')}
  li a7, 0x4442434e
  li a6, 0
  li a0, 5
  li a1, 0x40000000
  li a2, 0
  ecall
${note('a0')}
${powerOff}${handler}`,

  'user mode under Sv39, and its way into the kernel': `
${prologue}
  # Root: everything below 4 GiB by gigapages for the kernel; page 0x40 is the user's code, 0x41 its data, both at RAM + 4 MiB.
  la t0, root
  li t1, 0xcf
  li t2, 0x20000000 | 0xcf
  sd t2, 16(t0)
  la t3, middle
  srli t3, t3, 2
  ori t3, t3, 1
  sd t3, 8*64(t0)
  la t4, middle
  la t3, leaves
  srli t3, t3, 2
  ori t3, t3, 1
  sd t3, 0(t4)
  la t4, leaves
  li t5, 0x20100000
  ori t6, t5, 0xdb
  sd t6, 0(t4)
  addi t5, t5, 0x400
  ori t6, t5, 0xd7
  sd t6, 8(t4)
  # The user's code.
  li t4, 0x80400000
  la t5, user
  la t6, user_end
2: lw t3, 0(t5)
  sw t3, 0(t4)
  addi t4, t4, 4
  addi t5, t5, 4
  bltu t5, t6, 2b
  fence.i
  srli t0, t0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
  # Without SUM the kernel may not load from a user page; with SUM it may, and may not execute there in either case.
  li s2, 64 << 30
  li s3, (64 << 30) + 0x1000
  ld t2, 0(s3)
  li t1, 1 << 18
  csrs sstatus, t1
  li t2, 77
  sd t2, 0(s3)
  ld t2, 0(s3)
${note('t2')}
  csrc sstatus, t1
  ld t2, 0(s3)
  li t1, 1 << 8
  csrc sstatus, t1
  csrw sepc, s2
  sret
user:
  .option push
  .option norvc
  li a7, 64
  ecall
  csrr t0, sstatus
  sret
  sfence.vma
  li t1, RESULTS
  ld t2, 0(t1)
  sd t2, 0(t1)
  li t1, (64 << 30) + 0x1000
  ld t2, 0(t1)
  sd t2, 8(t1)
  sd t2, -8(t1)
  ld t2, -4(zero)
  li t1, 0x1000000000000000
  ld t2, 0(t1)
  ebreak
  wfi
  .option pop
  # Off: the handler goes on at this instruction's end, so the kernel switches off by itself.
  jr zero
user_end:
.balign 4
handler:
  csrr t3, scause
${note('t3')}
  csrr t4, stval
${note('t4')}
  csrr t4, sstatus
${note('t4')}
  csrr t4, sepc
${note('t4')}
  li t5, 12
  beq t3, t5, off
  addi t4, t4, 4
  csrw sepc, t4
  sret
off:
  csrw satp, zero
${powerOff}
.balign 4096
root: .skip 4096
middle: .skip 4096
leaves: .skip 4096
`,

  'interrupts, vectored': `
${prologue}
  la t0, vectors
  ori t0, t0, 1
  csrw stvec, t0
  li t1, 0x222
  csrw sie, t1
  # Software interrupt: pending while masked, then taken.
  li a7, 0x735049
  li a6, 0
  li a0, 1
  li a1, 0
  ecall
  csrr t2, sip
${note('t2')}
  csrsi sstatus, 2
  csrci sstatus, 2
  csrr t2, sip
${note('t2')}
  # The transmitter's interrupt by way of the PLIC.
  li t0, 0x0c000000 + 40
  li t1, 3
  sw t1, 0(t0)
  li t0, 0x0c002080
  li t1, 0x400
  sw t1, 0(t0)
  li t0, 0x0c201000
  sw zero, 0(t0)
  li t0, UART
  li t1, 2
  sb t1, 1(t0)
  csrr t2, sip
${note('t2')}
  csrsi sstatus, 2
  csrci sstatus, 2
  # The timer, by sleeping until it comes.
  rdtime a0
  addi a0, a0, 100
  mv s4, a0
  li a7, 0x54494d45
  li a6, 0
  ecall
  wfi
  rdtime t0
  sltu t0, t0, s4
${note('t0')}
  csrr t2, sip
${note('t2')}
  csrsi sstatus, 2
  csrci sstatus, 2
${powerOff}
.balign 256
vectors:
  .option push
  .option norvc
  j handler
  j software
  j handler
  j handler
  j handler
  j timer
  j handler
  j handler
  j handler
  j external
  .option pop
software:
  csrci sip, 2
  j handler
timer:
  li a0, -1
  li a7, 0x54494d45
  li a6, 0
  ecall
  j handler
external:
  li t5, 0x0c201004
  lw t6, 0(t5)
${note('t6')}
  li t4, UART
  lbu t4, 2(t4)
${note('t4')}
  sw t6, 0(t5)
  j handler
${handler}`,
};

function onBareMachine(kernel: Uint8Array): { readonly results: Uint8Array; readonly reason: string } {
  const machine = Machine.create({ kernel, memoryBytes: 8 << 20, engine: 'reference' });
  const { reason } = machine.run({ maxInstructions: 100_000 });
  const results = machine.board.ram.slice(RESULTS, 4096).slice();
  machine.dispose();
  return { results, reason };
}

const words = (bytes: Uint8Array) => [...new BigUint64Array(bytes.slice().buffer)].map((word) => word.toString(16));

describe.each(['reference', 'compiled'] as const satisfies readonly EngineName[])('fidelity, %s engine', (engine) => {
  it.each(Object.keys(guests))('%s', (name) => {
    const kernel = assembleGuest(guests[name]!);
    const bare = onBareMachine(kernel);
    expect(bare.reason).toBe('poweroff');
    const { host } = createHost({ engine });
    const guest = createGuest(host, guests[name]!, { memoryBytes: 8 << 20 });
    expect(guest.vm.vcpu.pc).toBe(BigInt(KERNEL));
    let results: Uint8Array = new Uint8Array(0);
    const { ram } = guest.vm;
    const release = ram.release.bind(ram);
    // The last moment at which the guest's memory is its own.
    ram.release = () => {
      results = ram.read(RESULTS, 4096);
      release();
    };
    const { result } = runGuest(host, guest);
    expect(result).toEqual({ reason: 'exited', exitCode: 0 });
    const virtual = words(results);
    expect(virtual).toEqual(words(bare.results));
    expect(virtual.filter((word) => word !== '0').length).toBeGreaterThan(6);
  });
});
