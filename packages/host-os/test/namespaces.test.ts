import type { FileTree, FileTreeEntry, ProcessSpec } from '@worldswitch/contracts';
import { program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { HostOsError } from '../src/index.ts';
import { assemblyProgram } from './assembly-program.ts';
import { createHost, createOutput } from './host.ts';

const file = (name: string) => ({ type: 'file', mode: 0o755, data: program(name) }) as const;
const tools: FileTree = new Map([
  ['/bin/sh', file('sh')],
  ['/bin/cat', file('cat')],
  ['/bin/ls', file('ls')],
  ['/bin/echo', file('echo')],
]);
const secret = { type: 'file', mode: 0o600, data: new TextEncoder().encode('of the host\n') } as const;

const proc = { destination: '/proc', type: 'proc' } as const;
const own: Partial<ProcessSpec> = {
  namespaces: ['pid', 'mount', 'uts'],
  root: tools,
  hostname: 'inside',
  mounts: [proc],
};

function shell(host: ReturnType<typeof createHost>, script: string, spec: Partial<ProcessSpec> = {}) {
  const output = createOutput();
  const task = host.spawn({
    arguments: ['/bin/sh', '-c', script],
    input: new Uint8Array(0),
    onOutput: output.onOutput,
    ...spec,
  });
  return { task, output };
}

function hostWithTools() {
  return createHost({ hostname: 'outside', root: new Map([...tools, ['/etc/secret', secret]]) });
}

it('a program finds itself, its files and its words', () => {
  const host = hostWithTools();
  const image = assemblyProgram(`
_start:
    li   a0, -100
    la   a1, path
    la   a2, buffer
    li   a3, 100
    li   a7, 78            # readlinkat
    ecall
    mv   a2, a0
    li   a0, 1
    la   a1, buffer
    li   a7, SYS_write
    ecall
    li   a0, 0
    li   a7, SYS_exit
    ecall
path:   .asciz "/proc/self/exe"
    .balign 8
buffer: .zero 100
`);
  const program = { type: 'file', mode: 0o755, data: image } as const;
  const files: FileTree = new Map<string, FileTreeEntry>([
    ['/opt/real', program],
    ['/bin/alias', { type: 'symlink', target: '/opt/real' } as const],
    ['/etc/greeting', { type: 'file', mode: 0o644, data: new TextEncoder().encode('hi\n') } as const],
  ]);
  const direct = createOutput();
  host.spawn({ arguments: ['alias'], files, onOutput: direct.onOutput });
  host.run();
  expect(direct.text).toBe('/opt/real');
  const { output } = shell(host, 'alias; echo; cat /etc/greeting');
  host.run();
  expect(output.text).toBe('/opt/real\nhi\n');
});

describe('namespaces', () => {
  it('have their own host name, process numbers, processes and files', () => {
    const host = hostWithTools();
    const other = host.spawn({ arguments: ['spin'], image: assemblyProgram('_start:\n j _start\n') });
    const { task, output } = shell(
      host,
      'cat /proc/hostname; cat /proc/self/comm; ls /proc/self/ns; cat /proc/1/comm; cat /etc/secret; cat /proc/2/comm',
      own,
    );
    host.run({ task });
    expect(output.text).toMatch(/^inside\ncat\n/);
    expect(output.text).toContain('sh\n');
    expect(output.text).toContain('/etc/secret');
    expect(output.text).not.toContain('of the host');
    expect(output.text).not.toContain('spin');
    expect(task.id).toBe(other.id + 1);
  });

  it('are listed by /proc of the namespace alone', () => {
    const host = hostWithTools();
    host.spawn({ arguments: ['/spin'], image: assemblyProgram('_start:\n j _start\n') });
    const inside = shell(host, 'ls /proc', own);
    host.run({ task: inside.task });
    const numbers = (text: string) => text.split('\n').filter((line) => /^\d+\/$/.test(line));
    expect(numbers(inside.output.text)).toEqual(['1/', '2/']);
    const outside = shell(host, 'ls /proc');
    host.run({ task: outside.task });
    expect(numbers(outside.output.text).length).toBe(3);
  });

  it('change without the host noticing', () => {
    const host = hostWithTools();
    const rename = assemblyProgram(`
_start:
    la   a0, name
    li   a1, 5
    li   a7, SYS_sethostname
    ecall
    la   a0, buffer
    li   a7, SYS_uname
    ecall
    li   a0, 1
    la   a1, buffer + 65
    li   a2, 5
    li   a7, SYS_write
    ecall
    ${'li a7, SYS_exit\n ecall'}
name:   .ascii "other"
    .balign 8
buffer: .zero 400
`);
    const output = createOutput();
    host.spawn({ arguments: ['/x'], image: rename, onOutput: output.onOutput, namespaces: ['uts'] });
    host.run();
    expect(output.text).toBe('other');
    const after = shell(host, 'cat /proc/hostname');
    host.run();
    expect(after.output.text).toBe('outside\n');
  });

  it('end with their first process', () => {
    const host = hostWithTools();
    const free = host.freeFrameCount;
    const image = assemblyProgram(`
_start:
    li   a0, 17
    li   a1, 0
    li   a2, 0
    li   a3, 0
    li   a4, 0
    li   a7, SYS_clone
    ecall
1:  beqz a0, 1b
    li   a7, SYS_getpid
    ecall
    li   a7, SYS_exit
    ecall
`);
    const task = host.spawn({ arguments: ['init'], image, namespaces: ['pid'] });
    expect(host.run({ maxInstructions: 1_000_000 })).toBe('all-exited');
    expect(task.exitCode).toBe(1);
    expect(host.freeFrameCount).toBe(free);
  });

  it('keep a read-only root read-only', () => {
    const host = hostWithTools();
    const { task, output } = shell(host, 'echo x > /new; echo x > /tmp/new && cat /tmp/new', {
      ...own,
      rootReadOnly: true,
      mounts: [proc, { destination: '/tmp', type: 'tmpfs' }],
    });
    host.run({ task });
    expect(output.text).toBe('sh: /new\nx\n');
  });

  it('can be joined', () => {
    const host = hostWithTools();
    const first = host.spawn({ arguments: ['/spin'], image: assemblyProgram('_start:\n j _start\n'), ...own });
    const { task, output } = shell(host, 'cat /proc/hostname; ls /proc/1; cat /proc/1/comm', { joining: first });
    host.run({ task });
    expect(output.text).toMatch(/^inside\n/);
    expect(output.text).toMatch(/spin\n$/);
    first.kill(0);
    expect(() => shell(host, 'true', { joining: first })).toThrow(/no process/);
  });

  it('cannot be had by halves', () => {
    const host = hostWithTools();
    expect(() => shell(host, 'true', { root: tools })).toThrow(HostOsError);
    expect(() => shell(host, 'true', { hostname: 'x' })).toThrow(/uts/);
    expect(() => shell(host, 'true', { mounts: [proc] })).toThrow(/mount namespace/);
    expect(() => shell(host, 'true', { ...own, workingDirectory: '/missing' })).toThrow(/no such file/);
  });
});
