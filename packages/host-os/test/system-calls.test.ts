import type { ProcessSpec } from '@worldswitch/contracts';
import { describe, expect, it } from 'vitest';
import { assemblyProgram } from './assembly-program.ts';
import { createHost, createOutput } from './host.ts';

/** Runs a program until it ends; it exits with what it has to say. */
function run(source: string, spec: Partial<ProcessSpec> = {}) {
  const host = createHost();
  const free = host.freeFrameCount;
  const output = createOutput();
  const task = host.spawn({ arguments: ['/test'], image: assemblyProgram(source), onOutput: output.onOutput, ...spec });
  const end = host.run({ maxInstructions: 5_000_000, task });
  const result = { host, task, end, exitCode: task.exitCode, output: output.text, systemCalls: task.systemCalls };
  if (end === 'all-exited') expect(host.freeFrameCount, 'free frames at the end').toBe(free);
  return result;
}

const exit = 'li a7, SYS_exit\n ecall\n';
const call = (name: string) => `li a7, SYS_${name}\n ecall\n`;

describe('signals', () => {
  it('runs a handler and goes on where the program was, with all registers as they were', () => {
    const { exitCode } = run(`
_start:
    li   a0, 10            # SIGUSR1
    la   a1, action
    li   a2, 0
    li   a3, 8
    ${call('rt_sigaction')}
    ${call('getpid')}
    li   a1, 10
    li   t3, 1234
    li   s0, 3
    ${call('kill')}
    mv   a0, s0            # the handler changed s0 and t3 in vain
    li   t4, 1234
    beq  t3, t4, 1f
    li   a0, 99
1:  lw   t0, seen
    add  a0, a0, t0
    ${exit}
handler:
    la   t0, seen
    sw   a0, 0(t0)
    li   s0, 77
    li   t3, 0
    ret
    .balign 8
seen:   .word 0
    .balign 8
action: .dword handler, 0, 0
`);
    expect(exitCode).toBe(3 + 10);
  });

  it('holds a blocked signal back until it is unblocked', () => {
    const { exitCode } = run(`
_start:
    li   a0, 0             # SIG_BLOCK
    la   a1, mask
    li   a2, 0
    li   a3, 8
    ${call('rt_sigprocmask')}
    ${call('getpid')}
    li   a1, 15
    ${call('kill')}
    la   t0, reached
    li   t1, 1
    sw   t1, 0(t0)
    li   a0, 1             # SIG_UNBLOCK: SIGTERM ends it now
    la   a1, mask
    li   a2, 0
    li   a3, 8
    ${call('rt_sigprocmask')}
    li   a0, 0
    ${exit}
    .balign 8
mask:    .dword 0x4000
reached: .word 0
`);
    expect(exitCode).toBe(128 + 15);
  });

  it('interrupts a read of an empty pipe with EINTR', () => {
    const { exitCode } = run(`
_start:
    li   a0, 10
    la   a1, action
    li   a2, 0
    li   a3, 8
    ${call('rt_sigaction')}
    la   a0, ends
    li   a1, 0
    ${call('pipe2')}
    li   a0, 17
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    ${call('clone')}
    beqz a0, child
    lw   a0, ends
    la   a1, ends
    li   a2, 1
    ${call('read')}
    neg  a0, a0
    ${exit}
child:
    ${call('sched_yield')}
    ${call('getppid')}
    li   a1, 10
    ${call('kill')}
    li   a0, 0
    ${exit}
handler:
    ret
    .balign 8
ends:   .dword 0
action: .dword handler, 0, 0
`);
    expect(exitCode).toBe(4);
  });

  it('ends a program that returns from a handler without end in one place', () => {
    const { exitCode } = run(`
_start:
    la   sp, frame
    li   a7, 139           # rt_sigreturn to its own ecall
trap:
    ecall
    .balign 16
frame:  .zero 304
    .dword trap            # pc
    .dword 0               # ra
    .dword frame           # sp
    .zero 112
    .dword 139             # a7
    .zero 1000
`);
    expect(exitCode).toBe(137);
  });
});

describe('time', () => {
  it('passes while everybody sleeps, without instructions', () => {
    const { host, exitCode } = run(`
_start:
    la   a0, second
    li   a1, 0
    ${call('nanosleep')}
    li   a0, 1
    la   a1, now
    ${call('clock_gettime')}
    ld   a0, now
    ${exit}
    .balign 8
second: .dword 2, 500000000
now:    .dword 0, 0
`);
    expect(exitCode).toBe(2);
    expect(host.clock.now()).toBeGreaterThanOrEqual(25_000_000);
    expect(host.clock.now()).toBeLessThan(25_001_000);
    expect(host.instructions).toBeLessThan(100);
    expect(host.scheduling.idleTicks).toBeGreaterThan(24_990_000);
  });

  it('can be read in user mode', () => {
    expect(run(`_start:\n rdtime a0\n rdinstret a1\n snez a0, a1\n ${exit}`).exitCode).toBe(1);
  });
});

describe('memory', () => {
  it('shares a MAP_SHARED mapping with a child and copies a private one', () => {
    const { exitCode } = run(`
_start:
    li   a0, 0
    li   a1, 8192
    li   a2, 3
    li   a3, 0x21          # MAP_SHARED | MAP_ANONYMOUS
    li   a4, -1
    li   a5, 0
    ${call('mmap')}
    mv   s0, a0
    li   t0, 5
    sw   t0, 0(s0)
    li   a0, 17
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    ${call('clone')}
    beqz a0, child
    li   a0, -1
    li   a1, 0
    li   a2, 0
    li   a3, 0
    ${call('wait4')}
    lw   a0, 0(s0)         # 6: the child's
    li   t0, 0x1000
    add  t0, s0, t0
    lw   t1, 0(t0)         # 7: a page that the child touched first
    add  a0, a0, t1
    lw   t1, private       # 1: the child changed its copy
    add  a0, a0, t1
    ${exit}
child:
    lw   t0, 0(s0)
    addi t0, t0, 1
    sw   t0, 0(s0)
    li   t1, 0x1000
    add  t1, s0, t1
    li   t2, 7
    sw   t2, 0(t1)
    la   t0, private
    li   t1, 100
    sw   t1, 0(t0)
    li   a0, 0
    ${exit}
    .balign 8
private: .word 1
`);
    expect(exitCode).toBe(14);
  });

  it('lets a vfork child use the memory of its parent, who waits', () => {
    const { exitCode } = run(`
_start:
    li   a0, 0x4111        # CLONE_VFORK | CLONE_VM | SIGCHLD
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    ${call('clone')}
    beqz a0, child
    lw   a0, value
    ${exit}
child:
    ${call('sched_yield')}
    la   t0, value
    li   t1, 42
    sw   t1, 0(t0)
    li   a0, 0
    ${exit}
    .balign 8
value: .word 1
`);
    expect(exitCode).toBe(42);
  });
});

describe('bad arguments', () => {
  it.each([
    ['a write from no man’s land', `li a0, 1\n li a1, 8\n li a2, 4\n${call('write')}`, 14],
    ['a write from the top of the address space', `li a0, 1\n li a1, -8\n li a2, 16\n${call('write')}`, 14],
    ['a write of 2^63 bytes', `li a0, 1\n li a1, 0x10000\n li a2, -1\n srli a2, a2, 1\n${call('write')}`, 14],
    ['a pipe at a bad address', `li a0, 16\n li a1, 0\n${call('pipe2')}`, 14],
    ['uname into the program’s missing page', `li a0, 0x5000\n${call('uname')}`, 14],
    ['an unknown system call', 'li a7, 1000\n ecall\n', 38],
    ['a negative system call', 'li a7, -1\n ecall\n', 38],
    ['a system call of 2^32', 'li a7, 1\n slli a7, a7, 32\n addi a7, a7, 172\n ecall\n', 38],
    ['a descriptor of 2^31', `li a0, 0x7fffffff\n la a1, _start\n li a2, 1\n${call('read')}`, 9],
    ['mmap of nothing', `li a0, 0\n li a1, 0\n li a2, 3\n li a3, 0x22\n li a4, -1\n li a5, 0\n${call('mmap')}`, 22],
    [
      'mmap of everything',
      `li a0, 0\n li a1, -4096\n li a2, 3\n li a3, 0x22\n li a4, -1\n li a5, 0\n${call('mmap')}`,
      12,
    ],
    ['munmap of a part of a page', `li a0, 0x10001\n li a1, 4096\n${call('munmap')}`, 22],
    ['mprotect of nothing mapped', `li a0, 0x800000\n li a1, 4096\n li a2, 3\n${call('mprotect')}`, 12],
    ['a thread', `li a0, 0x10100\n li a1, 0\n li a2, 0\n li a3, 0\n li a4, 0\n${call('clone')}`, 38],
    ['SIGKILL with a handler', `li a0, 9\n li a1, 0x10000\n li a2, 0\n li a3, 8\n${call('rt_sigaction')}`, 22],
    ['a signal to nobody', `li a0, 4000\n li a1, 9\n${call('kill')}`, 3],
    ['a signal that is none', `li a0, 0\n li a1, 65\n${call('kill')}`, 22],
    ['a nap of a negative time', `la a0, nap\n li a1, 0\n${call('nanosleep')}`, 22],
  ])('%s', (_what, code, errno) => {
    const { exitCode } = run(`_start:\n ${code} neg a0, a0\n ${exit}\n .balign 8\nnap: .dword -1, 0\n`);
    expect(exitCode).toBe(errno);
  });

  it('keeps count of calls that do not exist', () => {
    expect(run(`_start:\n li a7, 1000\n ecall\n ${exit}`).systemCalls).toEqual({ exit: 1, 'syscall-1000': 1 });
  });
});

it('says that processes wait for ever', () => {
  const { end, host } = run(`
_start:
    la   a0, ends
    li   a1, 0
    ${call('pipe2')}
    lw   a0, ends
    la   a1, ends
    li   a2, 1
    ${call('read')}
    ${exit}
    .balign 8
ends: .dword 0
`);
  expect(end).toBe('deadlock');
  expect(host.ps()).toMatchObject([{ state: 'blocked' }]);
});

it('ends a program that uses up its instructions with SIGXCPU', () => {
  const { exitCode, task } = run('_start:\n j _start\n', { maxInstructions: 123_457 });
  expect(exitCode).toBe(128 + 24);
  expect(task.totals().instructions).toBe(123_457);
});

it('answers EAGAIN when the machine has no register context left for a fork', () => {
  const { exitCode } = run(`
_start:
    la   a0, ends
    li   a1, 0
    ${call('pipe2')}
more:
    li   a0, 17
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    ${call('clone')}
    beqz a0, child
    bgtz a0, more
    neg  s0, a0
    lw   a0, ends+4
    ${call('close')}
    mv   a0, s0
    ${exit}
child:
    lw   a0, ends+4
    ${call('close')}
    lw   a0, ends
    la   a1, ends
    li   a2, 1
    ${call('read')}
    ${exit}
    .balign 8
ends: .dword 0
`);
  expect(exitCode).toBe(11);
});

describe('a greedy program', () => {
  const loop = (body: string) => `
_start:
more:
    ${body}
    bgez a0, more
    neg  a0, a0
    ${exit}
`;
  const mmap = (bytes: string, protection: number, at = '0') => `
    li   a0, ${at}
    li   a1, ${bytes}
    li   a2, ${protection}
    li   a3, 0x4022        # MAP_NORESERVE | MAP_ANONYMOUS | MAP_PRIVATE
    li   a4, -1
    li   a5, 0
    ${call('mmap')}`;

  it('has its address space to itself, and no more', () => {
    expect(run(loop(mmap('0x1000000000', 3))).exitCode).toBe(12);
  });

  it('gets only so many areas', () => {
    expect(run(loop(`${mmap('0x1000', 1)}\n${mmap('0x1000', 3)}`)).exitCode).toBe(12);
  });

  it('maps and unmaps nearly everything without holding up the host', () => {
    const { exitCode } = run(`
_start:
    li   s0, 200
more:
    ${mmap('0x3000000000', 3)}
    sw   zero, 0(a0)
    mv   s1, a0
    li   a1, 0x3000000000
    li   a2, 1
    ${call('mprotect')}
    mv   a0, s1
    li   a1, 0x3000000000
    ${call('munmap')}
    addi s0, s0, -1
    bnez s0, more
    ${exit}
`);
    expect(exitCode).toBe(0);
  });

  it('makes only so many pipes', () => {
    expect(run(loop(`li a0, 0x11000\n li a1, 0\n ${call('pipe2')}`)).exitCode).toBe(24);
  });

  it('leaves only so many dead children behind', () => {
    const { exitCode } = run(
      loop(`
    li   a0, 17
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    ${call('clone')}
    bnez a0, 1f
    ${exit}
1:  mv   s0, a0
    ${call('sched_yield')}
    mv   a0, s0`),
    );
    expect(exitCode).toBe(11);
  });
});
