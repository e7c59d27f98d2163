import type { TraceEvent, World } from '@worldswitch/contracts';
import { bootArguments, createInitrd, guestKernel, program } from '@worldswitch/guest-os';
import { createBareWorld } from '@worldswitch/machine';
import { describe, expect, it } from 'vitest';
import { createHost, createTestWorld } from './test-world.ts';

const MEBIBYTE = 1 << 20;
const ENOUGH = 200_000_000;
const text = (world: World) => new TextDecoder().decode(world.output());

/** The same program on a bare machine under the unmodified kernel. */
function runBare(name: string, args: readonly string[], files: readonly string[], input?: string): World {
  const world = createBareWorld(
    {
      name: 'bare',
      memoryBytes: 24 * MEBIBYTE,
      program: { image: program(name), arguments: [name, ...args] },
      guest: guest('full', name, args, files),
      ...(input === undefined ? {} : { input: new TextEncoder().encode(input) }),
    },
    { engine: 'compiled' },
  );
  world.run(ENOUGH);
  return world;
}

function guest(variant: 'full' | 'para', name: string, args: readonly string[], files: readonly string[]) {
  return {
    kernel: guestKernel(variant),
    initrd: createInitrd({
      program: { path: '/program', data: program(name) },
      files: files.map((file) => ({ path: `/bin/${file}`, data: program(file), mode: 0o755 })),
    }),
    bootArguments: bootArguments({ init: '/program', quiet: true, noEcho: true, args: [...args] }),
  };
}

function runPara(name: string, args: readonly string[] = [], files: readonly string[] = [], input?: string): World {
  const { world } = createTestWorld({
    program: { image: program(name), arguments: [name, ...args] },
    guest: guest('para', name, args, files),
    ...(input === undefined ? {} : { input: new TextEncoder().encode(input) }),
  });
  world.run(ENOUGH);
  return world;
}

describe('a program under the paravirtual guest', () => {
  it.each([
    'hello',
    'tour',
    'fork-exec',
    'pipe-ping-pong',
    'memory-walk',
    'syscall-loop',
    'faults',
    'illegal',
    'cpu-loop',
  ])('%s prints what it prints on the bare machine', (name) => {
    const bare = runBare(name, [], []);
    const para = runPara(name);
    expect(bare.result?.reason).toBe('exited');
    expect(para.result).toMatchObject({ reason: 'exited', exitCode: bare.result?.exitCode });
    expect(text(para)).toBe(text(bare));
    expect(para.metrics().program.instructions.user).toBeGreaterThan(0);
    para.dispose();
    bare.dispose();
  });

  it('a shell reads what is typed', () => {
    const input = 'echo typed\ncat < /program | cat > /tmp.elf\nls /bin\nexit 7\n';
    const bare = runBare('sh', [], ['echo', 'cat', 'ls'], input);
    const para = runPara('sh', [], ['echo', 'cat', 'ls'], input);
    expect(text(para)).toContain('typed');
    expect(text(para)).toBe(text(bare));
    expect(para.result?.exitCode).toBe(7);
  });

  it('costs the same on both engines', () => {
    const [reference, compiled] = (['reference', 'compiled'] as const).map((engine) => {
      const { world } = createTestWorld(
        { program: { image: program('fork-exec'), arguments: ['fork-exec', '2'] } },
        createHost(64 * MEBIBYTE, engine),
      );
      world.run(ENOUGH);
      const { wallMs: _, ...phase } = world.metrics().program;
      return { phase, output: text(world), result: world.result };
    });
    expect(compiled?.result?.reason).toBe('exited');
    expect(compiled).toEqual(reference);
  });

  it('costs two exits a system call', () => {
    const exits = (count: string) => {
      const world = runPara('syscall-loop', [count]);
      const { program: phase } = world.metrics();
      const timer = (phase.exits.timer ?? 0) * 3; // the event, set_timer_op, iret
      return Object.values(phase.exits).reduce((sum, number) => sum + number, 0) - timer;
    };
    expect(exits('3000') - exits('1000')).toBe(2 * 2000);
  });

  it('counts hypercalls by name, each of them an exit', () => {
    const { program: phase, boot } = runPara('hello').metrics();
    expect(phase.hypercallsByName).toEqual({ mmu_update: 2, iret: 3, console_io: 1, sched_op: 1 });
    expect(phase.exits).toEqual({
      'instruction-page-fault': 1,
      'load-page-fault': 1,
      'system-call': 2,
      hypercall: phase.hypercalls,
    });
    expect(boot.hypercallsByName).toMatchObject({ set_trap_table: 1, event_channel_op: 2, set_timer_op: 1 });
  });
});

describe('the trace', () => {
  const record = () => {
    const events: TraceEvent[] = [];
    const { world } = createTestWorld({
      program: { image: program('hello'), arguments: ['hello'] },
      trace: { emit: (event) => events.push(event) },
    });
    world.run(ENOUGH);
    return events;
  };
  /** From the program's first event with this cause until the program goes on. */
  const until = (events: TraceEvent[], cause: string) => {
    const start = events.findIndex((event) => event.from === 'program' && event.cause === cause);
    const end = events.findIndex((event, index) => index > start && event.to === 'program');
    return events.slice(start, end + 1).map(({ from, to, cause: why }) => `${from} > ${to}: ${why}`);
  };

  it('shows who handles a system call', () => {
    expect(until(record(), 'ecall-from-u')).toEqual([
      'program > host OS: ecall-from-u',
      'host OS > hypervisor: system-call',
      'hypervisor > guest kernel: inject ecall-from-u',
      'guest kernel > host OS: ecall-from-u',
      'host OS > hypervisor: hypercall console_io',
      'hypervisor > guest kernel: resume',
      'guest kernel > host OS: ecall-from-u',
      'host OS > hypervisor: hypercall iret',
      'hypervisor > program: iret',
    ]);
  });

  it('shows who handles a page fault', () => {
    expect(until(record(), 'load-page-fault')).toEqual([
      'program > host OS: load-page-fault',
      'host OS > hypervisor: load-page-fault',
      'hypervisor > guest kernel: inject load-page-fault',
      'guest kernel > host OS: ecall-from-u',
      'host OS > hypervisor: hypercall mmu_update',
      'hypervisor > guest kernel: resume',
      'guest kernel > host OS: ecall-from-u',
      'host OS > hypervisor: hypercall iret',
      'hypervisor > program: iret',
    ]);
  });
});

describe('two domains on one host', () => {
  it('both progress, and neither sees the other', () => {
    const host = createHost(80 * MEBIBYTE);
    const create = (name: string, programName: string) =>
      createTestWorld({ name, program: { image: program(programName), arguments: [programName] } }, host).world;
    const [first, second] = [create('first', 'tour'), create('second', 'fork-exec')];
    while (first.result === undefined || second.result === undefined) host.run({ maxInstructions: 100_000 });
    expect([first.result.exitCode, second.result.exitCode]).toEqual([0, 0]);
    expect(text(first)).toBe(text(runPara('tour')));
    expect(text(second)).toBe(text(runPara('fork-exec')));
  });
});
