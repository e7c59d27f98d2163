import { program } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { bundleFromFiles, ContainersError, createContainerRuntime, parseConfig } from '../src/index.ts';
import { bundleOf, configOf, createHost } from './host.ts';

const good = configOf(['hello']);
const linux = good.linux;

describe('config.json', () => {
  it('may have properties that nobody knows', () => {
    const config = parseConfig(
      JSON.stringify({ ...good, future: { x: 1 }, process: { ...good.process, ioPriority: {} } }),
    );
    expect(config.process).toMatchObject({ args: ['hello'], cwd: '/', terminal: false });
  });

  it.each<[string, unknown, string]>([
    ['nothing', '', 'config.json is no JSON'],
    ['half of it', '{"ociVersion": "1.2.0"', 'config.json is no JSON'],
    ['a list', [], 'config.json: '],
    ['no version', { ...good, ociVersion: undefined }, 'ociVersion: expected this key, it is missing'],
    ['a version of the future', { ...good, ociVersion: '2.0.0' }, 'ociVersion: has to be a version 1.x'],
    ['no root', { ...good, root: undefined }, 'root: '],
    ['no process', { ...good, process: undefined }, 'process: expected this key, it is missing'],
    [
      'no directory to begin in',
      { ...good, process: { args: ['hello'] } },
      'config.json: process.cwd: expected this key, it is missing',
    ],
    ['no program', { ...good, process: { ...good.process, args: [] } }, 'process.args: names no program'],
    ['a number as argument', { ...good, process: { ...good.process, args: ['ls', 1] } }, 'process.args.1: '],
    [
      'a relative directory',
      { ...good, process: { ...good.process, cwd: 'tmp' } },
      'process.cwd: has to be an absolute',
    ],
    ['a host name of a number', { ...good, hostname: 7 }, 'hostname: '],
    ['a namespace of stars', { ...good, linux: { namespaces: [{ type: 'star' }] } }, 'linux.namespaces.0.type: '],
    ['a namespace twice', { ...good, linux: { namespaces: [{ type: 'uts' }, { type: 'uts' }] } }, 'linux.namespaces'],
    ['a relative mount', { ...good, mounts: [{ destination: 'proc', type: 'proc' }] }, 'mounts.0.destination: '],
    [
      'a limit of half a byte',
      { ...good, linux: { ...linux, resources: { memory: { limit: 0.5 } } } },
      'memory.limit: ',
    ],
    ['a host name for everybody', { ...good, linux: {} }, 'hostname: needs a uts namespace'],
  ])('with %s is refused', (_what, config, message) => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    const create = () => runtime.create('box', bundleOf(config));
    expect(create).toThrow(ContainersError);
    expect(create).toThrow(message);
    expect(runtime.list()).toEqual([]);
    expect(host.ps()).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['hooks', { hooks: { prestart: [{ path: '/bin/sh' }] } }, 'hooks.prestart'],
    ['a terminal', { process: { ...good.process, terminal: true } }, 'process.terminal'],
    ['another user', { process: { ...good.process, user: { uid: 1000, gid: 0 } } }, 'process.user'],
    [
      'a namespace to join',
      { linux: { namespaces: [{ type: 'uts' }, { type: 'pid', path: '/proc/1/ns/pid' }] } },
      '/proc/1/ns',
    ],
    [
      'a filter for system calls',
      { linux: { ...linux, seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } } },
      'linux.seccomp',
    ],
    [
      'a file system that is not there',
      { mounts: [{ destination: '/x', type: 'ext4' }] },
      'mounts.0: there is no file system',
    ],
  ])('that asks for %s is not half obeyed', (_what, change, message) => {
    const create = () => createContainerRuntime(createHost()).create('box', bundleOf({ ...good, ...change }));
    expect(create).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(create).toThrow(message);
  });

  it('with empty hooks, and with features that do nothing here, is taken with a warning', () => {
    const config = {
      ...good,
      hooks: { prestart: [] },
      process: { ...good.process, capabilities: { bounding: ['CAP_KILL'] } },
      mounts: [...good.mounts, { destination: '/sys', type: 'sysfs' }],
      linux: { ...linux, maskedPaths: ['/proc/kcore'] },
    };
    const { warnings } = createContainerRuntime(createHost()).create('box', bundleOf(config));
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual([
      'process.capabilities',
      'linux.maskedPaths',
      'mounts',
    ]);
  });
});

describe('a bundle', () => {
  it('without config.json is none', () => {
    expect(() => bundleFromFiles(new Map([['rootfs/x', 'y']]), '/my/bundle')).toThrow(
      'the bundle /my/bundle has no config.json',
    );
  });

  it('has its root where config.json says', () => {
    const config = JSON.stringify({ ...good, root: { path: './image/' } });
    const { rootFiles } = bundleFromFiles(
      new Map([
        ['config.json', config],
        ['image/a', 'x'],
        ['rootfs/b', 'y'],
      ]),
    );
    expect([...rootFiles.keys()]).toEqual(['/a']);
  });

  it('whose program is missing or damaged makes no container', () => {
    const host = createHost();
    const runtime = createContainerRuntime(host);
    expect(() => runtime.create('box', bundleOf(configOf(['missing'])))).toThrow(/missing/);
    const cut = new Map([['rootfs/bin/cut', program('hello').slice(0, 0x300)]]);
    expect(() => runtime.create('box', bundleOf(configOf(['cut']), cut))).toThrow(/truncated/);
    expect([runtime.list(), host.ps()]).toEqual([[], []]);
  });
});
