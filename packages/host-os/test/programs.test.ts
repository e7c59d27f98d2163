import type { TraceEvent } from '@worldswitch/contracts';
import { program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { createProcessWorld, HostOsError } from '../src/index.ts';
import { createHost, createOutput } from './host.ts';

function run(name: string, ...args: string[]) {
  const host = createHost({ memoryBytes: 64 << 20 });
  const free = host.freeFrameCount;
  const events: TraceEvent[] = [];
  const world = createProcessWorld(host, {
    name: 'process',
    program: { image: program(name), arguments: [name, ...args] },
    memoryBytes: 32 << 20,
    trace: { emit: (event) => events.push(event) },
  });
  const result = world.run(100_000_000);
  const output = new TextDecoder().decode(world.output());
  const metrics = world.metrics().program;
  world.dispose();
  expect(host.freeFrameCount, 'free frames at the end').toBe(free);
  expect(host.ps()).toEqual([]);
  return { host, result, output, metrics, events };
}

describe('programs of the guest OS as processes', () => {
  it.each<[string, string[], number, string]>([
    ['hello', ['a', 'b c'], 0, 'Hello from RISC-V user mode\nargument 1: a\nargument 2: b c\n'],
    ['echo', ['x', 'y'], 0, 'x y\n'],
    ['syscall-loop', ['50'], 0, 'system calls: 50\n'],
    ['fork-exec', ['3'], 0, 'children: 3\nended as expected: 3\n'],
    ['pipe-ping-pong', ['20'], 0, 'rounds: 20\nvalue: 40\n'],
    ['illegal', [], 132, 'reading sstatus\n'],
    ['wild-pointer', [], 139, 'writing to address 16\n'],
  ])('%s %j', (name, args, exitCode, output) => {
    const ended = run(name, ...args);
    expect(ended.result).toEqual({ reason: 'exited', exitCode });
    expect(ended.output).toBe(output);
  });

  it('tour makes every call, touches every page and counts both', () => {
    const { output, metrics } = run('tour');
    expect(output).toContain('checksum: 0x6a5c6059a7020119\nchildren’s codes'.replace('’', "'"));
    expect(output).toContain("parent's value: 1000\nping-pong value: 0x6776d3ff4970fad8\nThe tour is over\n");
    expect(metrics.traps['ecall-from-u']).toBeGreaterThan(640);
    expect(metrics.traps['store-page-fault']).toBeGreaterThan(48 + 64 + 24);
    expect(metrics.instructions.user).toBeGreaterThan(1_000_000);
    expect(metrics.instructions.kernel).toBe(0);
    expect(metrics.tlb.hits).toBeGreaterThan(metrics.instructions.user);
    expect(metrics.tlb.walkReferences).toBeGreaterThan(metrics.tlb.misses);
  });

  it('faults: each crime ends its child with the signal that Linux has for it', () => {
    const { output } = run('faults');
    expect(output.split('\n').slice(0, 11)).toEqual([
      'write to null: 139',
      'read the kernel: 139',
      'write to program text: 139',
      'run data: 139',
      'write to a read-only page: 139',
      'read a page without access: 139',
      'read an unmapped page: 139',
      'sret: 132',
      'kill itself: 143',
      'overflow the stack: 139',
      'write to a broken pipe: 141',
    ]);
    expect(output).toContain('an unknown system call: error 38');
  });

  it('file-work finds every file operation as expected', () => {
    const lines = run('file-work').output.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(15);
    expect(lines.filter((line) => !/: (as expected|\d+)$/.test(line))).toEqual([]);
    expect(lines.filter((line) => !line.endsWith('as expected'))).toEqual([]);
  });

  it('out-of-memory: the greedy child is ended, and what it had is free for the next', () => {
    const { output } = run('out-of-memory', '8');
    expect(output).toBe('greedy child: 137\ngreedy child: 137\nchildren at once: 8\n');
  });

  it('sh runs pipelines from its input', () => {
    const host = createHost({
      root: new Map([
        ['/bin/cat', { type: 'file', mode: 0o755, data: program('cat') } as const],
        ['/bin/echo', { type: 'file', mode: 0o755, data: program('echo') } as const],
        ['/etc/motd', { type: 'file', mode: 0o644, data: new TextEncoder().encode('welcome\n') } as const],
      ]),
    });
    const output = createOutput();
    const input = new TextEncoder().encode(
      'cat /etc/motd | cat | cat\necho one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f',
    );
    const task = host.spawn({ arguments: ['sh'], image: program('sh'), input, onOutput: output.onOutput });
    expect(host.run({ maxInstructions: 20_000_000 })).toBe('all-exited');
    expect(output.text).toBe('welcome\none\ntwo\n');
    expect(task.systemCalls).toMatchObject({ execve: 6, pipe2: 2, dup3: 7 });
  });
});

describe('the trace of a process', () => {
  it('shows a system call as one trap to the one OS and one return', () => {
    const { events } = run('syscall-loop', '3');
    const first = events.findIndex(({ detail }) => detail === 'getppid');
    const [call, back] = events.slice(first, first + 2);
    expect(call).toMatchObject({
      from: 'program',
      to: 'host OS',
      cause: 'ecall-from-u',
      handledBy: 'host OS',
      value: 173n,
    });
    expect(back).toMatchObject({
      from: 'host OS',
      to: 'program',
      cause: 'mret',
      pc: call!.pc! + 4n,
      detail: 'getppid',
    });
  });

  it('shows a page fault with its address and what was done', () => {
    const { events } = run('memory-walk', '4');
    const fault = events.find(({ cause, detail }) => cause === 'store-page-fault' && detail === 'demand zero');
    expect(fault).toMatchObject({ from: 'program', to: 'host OS', handledBy: 'host OS' });
    expect(fault!.value! % 4096n).toBe(0n);
  });

  it('shows the copy on write after a fork', () => {
    expect(run('tour').events.map(({ detail }) => detail)).toContain('copy on write');
  });
});

describe('programs that cannot run', () => {
  const hello = program('hello');
  const changed = (offset: number, ...bytes: number[]) => {
    const image = hello.slice();
    image.set(bytes, offset);
    return image;
  };
  it.each([
    ['an empty file', new Uint8Array(0), /it has 0 bytes/],
    ['a text', new TextEncoder().encode('#!/bin/sh\n'.repeat(20)), /no ELF file/],
    ['a header cut off', hello.slice(0, 40), /header is cut off/],
    ['a file cut off', hello.slice(0, 0x300), /truncated/],
    ['a 32-bit file', changed(4, 1), /expected a 64-bit file/],
    ['a program for x86-64', changed(18, 62, 0), /expected machine RISC-V .* \(x86-64\)/],
    ['an object file', changed(16, 1, 0), /not an executable/],
    ['an entry in nowhere', changed(24, 0, 0, 0, 0x7f), /entry point/],
    ['absurd program headers', changed(32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), /beyond any address/],
    ['program headers past the end', changed(32, 0, 0, 0, 0x10), /program headers are cut off/],
  ])('%s', (_what, image, message) => {
    const host = createHost();
    const free = host.freeFrameCount;
    const create = () => host.spawn({ arguments: ['/program'], image });
    expect(create).toThrow(HostOsError);
    expect(create).toThrow(message);
    expect(host.freeFrameCount).toBe(free);
    expect(host.ps()).toEqual([]);
  });

  it('a damaged program never harms the host', () => {
    let seed = 20_260;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const host = createHost();
    const free = host.freeFrameCount;
    for (let round = 0; round < 150; round++) {
      const image = hello.slice();
      for (let change = 0; change < 3; change++) image[random(change === 0 ? 0x150 : image.length)] = random(256);
      try {
        const task = host.spawn({ arguments: ['/program'], image, maxInstructions: 20_000, onOutput() {} });
        host.run({ task, maxInstructions: 30_000 });
        expect(task.exitCode, `round ${round}`).toBeDefined();
        task.kill(0);
      } catch (error) {
        if (!(error instanceof HostOsError)) throw error;
      }
    }
    expect(host.freeFrameCount).toBe(free);
    const output = createOutput();
    host.spawn({ arguments: ['/program'], image: hello, onOutput: output.onOutput });
    host.run();
    expect(output.text).toBe('Hello from RISC-V user mode\n');
  });
});
