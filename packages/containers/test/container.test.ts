import { program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { ContainersError, createContainerRuntime } from '../src/index.ts';
import { bundleOf, configOf, createHost, createOutput } from './host.ts';

/** Runs a shell script in a container, beside a process of the host. */
function inContainer(script: string, more: Readonly<Record<string, unknown>> = {}) {
  const host = createHost();
  const neighbour = host.spawn({ name: 'neighbour', arguments: ['/spin'], image: program('spin') });
  const runtime = createContainerRuntime(host);
  const output = createOutput();
  const { task } = runtime.create('box', bundleOf(configOf(['sh', '-c', script], more)), output);
  runtime.start('box');
  host.run({ task, maxInstructions: 20_000_000 });
  return { host, runtime, task, neighbour, output: output.text };
}

describe('a container', () => {
  it('has a host name of its own', () => {
    const { output, host } = inContainer('cat /proc/sys/kernel/hostname');
    expect(output).toBe('inside\n');
    const outside = createOutput();
    const cat = host.spawn({ arguments: ['/cat', '/proc/sys/kernel/hostname'], image: program('cat'), ...outside });
    host.run({ task: cat });
    expect(outside.text).toBe('outside\n');
  });

  it('begins with process 1, whatever that is on the host', () => {
    const { output, task, neighbour } = inContainer('cat /proc/self/status');
    expect(task.id).toBeGreaterThan(neighbour.id);
    expect(output).toMatch(/^Pid:\t2$/m);
    expect(output).toMatch(/^PPid:\t1$/m);
  });

  it('lists only its own processes, and the host lists all', () => {
    const { output, host, task, neighbour } = inContainer('ls /proc');
    expect(output.split('\n').filter((line) => /^\d+\/$/.test(line))).toEqual(['1/', '2/']);
    const runtime = createContainerRuntime(host);
    runtime.create('other', bundleOf(configOf(['spin'])));
    const names = host.ps().map(({ name, kind }) => [name, kind]);
    expect(names).toContainEqual(['neighbour', 'process']);
    expect(names).toContainEqual(['other', 'container']);
    expect([task.info().kind, neighbour.info().kind]).toEqual(['container', 'process']);
  });

  it('sees none of the host’s files, and the host none of what it writes', () => {
    const { output, host } = inContainer('cat /etc/secret; echo mine > /mine; cat /mine; ls /');
    expect(output).toContain('cat: /etc/secret\n');
    expect(output).toContain('mine\n');
    expect(output).not.toContain('of the host');
    expect(output).toMatch(/bin\/\ndev\/\nmine\nproc\/\ntmp\/\n$/);
    const outside = createOutput();
    const ls = host.spawn({ arguments: ['/ls', '/'], image: program('ls'), ...outside });
    host.run({ task: ls });
    expect(outside.text).toContain('etc/\n');
    expect(outside.text).not.toContain('mine');
  });

  it('cannot climb out of its root', () => {
    const { output } = inContainer('cd /../../..; ls .; cat ../../etc/secret; cat /proc/1/root/etc/secret');
    expect(output).toMatch(/^bin\/\n/);
    expect(output).not.toContain('of the host');
  });

  it('cannot signal a process outside', () => {
    const { neighbour } = inContainer('tour > /dev/null');
    expect(neighbour.exitCode).toBeUndefined();
  });

  it('shares no file with another one of the same bundle', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    const bundle = bundleOf(configOf(['sh', '-c', 'echo here > /file; cat /file; ls /']));
    const outputs = ['a', 'b'].map((id) => {
      const output = createOutput();
      runtime.create(id, bundle, output);
      runtime.start(id);
      host.run();
      return output.text;
    });
    expect(outputs[0]).toBe(outputs[1]);
    expect(bundle.rootFiles.has('/file')).toBe(false);
  });

  it('cannot change a read-only root', () => {
    const { output } = inContainer('echo x > /new; echo y > /tmp/new; cat /tmp/new', {
      root: { path: 'rootfs', readonly: true },
    });
    expect(output).toBe('sh: /new\ny\n');
  });

  it('has devices, and a directory of the host when one is bound', () => {
    const mounts = [
      { destination: '/proc', type: 'proc' },
      { destination: '/host', type: 'bind', source: '/etc', options: ['rbind', 'ro'] },
    ];
    const { output } = inContainer('echo gone > /dev/null; cat /host/secret; echo x > /host/secret', { mounts });
    expect(output).toBe('of the host\nsh: /host/secret\n');
  });

  it('is ended when it needs more memory than it may have', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    const linux = { ...configOf([]).linux, resources: { memory: { limit: 1 << 20 } } };
    const files = new Map([['rootfs/bin/greedy', program('out-of-memory')]]);
    const output = createOutput();
    runtime.create('box', bundleOf(configOf(['greedy', '3'], { linux }), files), output);
    runtime.start('box');
    expect(host.run({ maxInstructions: 50_000_000 })).toBe('all-exited');
    expect(output.text).toBe('greedy child: 137\ngreedy child: 137\nchildren at once: 3\n');
  });

  it('runs another program beside the first', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    runtime.create('box', bundleOf(configOf(['spin'])));
    runtime.start('box');
    const output = createOutput();
    const task = runtime.exec('box', { arguments: ['sh', '-c', 'cat /proc/hostname; cat /proc/1/comm'], ...output });
    host.run({ until: () => task.exitCode !== undefined, maxInstructions: 10_000_000 });
    expect(output.text).toBe('inside\nspin\n');
    runtime.delete('box', { force: true });
    expect(host.ps()).toEqual([]);
  });
});

describe('the life of a container', () => {
  it('goes from created to running to stopped, and is gone when deleted', () => {
    const host = createHost();
    const free = host.freeFrameCount;
    const runtime = createContainerRuntime(host);
    const output = createOutput();
    const { task } = runtime.create('box', bundleOf(configOf(['hello'], { annotations: { by: 'test' } })), output);
    expect(runtime.state('box')).toEqual({
      ociVersion: '1.2.0',
      id: 'box',
      status: 'created',
      pid: task.id,
      bundle: '/bundle',
      annotations: { by: 'test' },
    });
    expect(host.run({ maxInstructions: 1000 })).toBe('deadlock');
    expect(output.text).toBe('');
    runtime.start('box');
    expect(runtime.state('box').status).toBe('running');
    host.run();
    expect(runtime.state('box')).toMatchObject({ status: 'stopped', pid: 0 });
    expect(output.text).toBe('Hello from RISC-V user mode\n');
    runtime.delete('box');
    expect([runtime.list(), host.ps(), host.freeFrameCount]).toEqual([[], [], free]);
    expect(() => runtime.state('box')).toThrow(/no container/);
  });

  it('ends by signals: by number, by name, before it has started', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    const bundle = bundleOf(configOf(['spin']));
    for (const [id, signal, code] of [
      ['term', undefined, 143],
      ['hup', 'SIGHUP', 129],
      ['kill', 9, 137],
    ] as const) {
      const { task } = runtime.create(id, bundle);
      runtime.start(id);
      host.run({ maxInstructions: 10_000 });
      runtime.kill(id, signal);
      host.run({ maxInstructions: 10_000 });
      expect([id, task.exitCode, runtime.state(id).status]).toEqual([id, code, 'stopped']);
    }
    runtime.create('early', bundle);
    runtime.kill('early', 'KILL');
    expect(runtime.state('early').status).toBe('stopped');
  });

  it('allows nothing out of order', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    const bundle = bundleOf(configOf(['spin']));
    const { task } = runtime.create('box', bundle);
    expect(() => runtime.create('box', bundle)).toThrow(/exists already/);
    expect(() => runtime.delete('box')).toThrow('cannot delete container box: it is created, not stopped');
    runtime.start('box');
    expect(() => runtime.start('box')).toThrow('cannot start container box: it is running, not created');
    expect(() => runtime.delete('box')).toThrow(ContainersError);
    expect(() => runtime.kill('box', 'SIGNOTHING')).toThrow(/no signal/);
    expect(() => runtime.kill('box', 65)).toThrow(/no signal/);
    task.kill(0);
    expect(() => runtime.kill('box')).toThrow(/stopped/);
    expect(() => runtime.exec('box', { arguments: ['ls'] })).toThrow(/stopped/);
    for (const id of ['', '.', '..', 'a/b', 'a b'])
      expect(() => runtime.create(id, bundle)).toThrow(/not a container id/);
  });
});
