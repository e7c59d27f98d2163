/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type BundleFile, createContainerRuntime } from '../src/index.ts';
import { bundleOf, configOf, createHost, createOutput } from './host.ts';

/** WORLDSWITCH_BUSYBOX: path of a static riscv64 busybox, for example from Debian's package busybox-static. */
const path = process.env.WORLDSWITCH_BUSYBOX;
const applets = [
  'sh',
  'awk',
  'cat',
  'dd',
  'gzip',
  'hostname',
  'kill',
  'md5sum',
  'ps',
  'sleep',
  'sort',
  'tar',
  'unshare',
];

const script = `
hostname; sleep 2
seq 3 | sort -r; echo a b | awk '{print $2, 1.5 * 2}'
dd if=/dev/zero bs=1k count=100 2>/dev/null | md5sum
dd if=/bin/busybox of=/tmp/copy bs=1k count=50 2>/dev/null; tar cf - -C /tmp copy | gzip | gzip -d | tar tf -
sleep 100 & kill $!; wait $!; echo $?
trap 'echo trapped' USR1; kill -USR1 $$
unshare -u sh -c 'hostname inner; hostname'; hostname
`;

it.skipIf(path === undefined)('an off-the-shelf busybox works in a container (WORLDSWITCH_BUSYBOX names one)', () => {
  const host = createHost();
  const runtime = createContainerRuntime(host);
  const links = [...applets, 'seq', 'echo'].map(
    (name) => [`rootfs/bin/${name}`, { type: 'symlink', target: 'busybox' }] as const,
  );
  const files = new Map<string, BundleFile>([['rootfs/bin/busybox', readFileSync(path!)], ...links]);
  const output = createOutput();
  const { task } = runtime.create('box', bundleOf(configOf(['sh', '-c', script]), files), output);
  runtime.start('box');
  expect(host.run({ maxInstructions: 500_000_000 })).toBe('all-exited');
  expect(task.exitCode).toBe(0);
  expect(output.text.split('\n').filter((line) => line !== 'Terminated')).toEqual([
    'inside',
    ...['3', '2', '1', 'b 3', '4c6426ac7ef186464ecbb0d81cbfcb1e  -', 'copy', '143', 'trapped', 'inner', 'inside', ''],
  ]);
  expect(host.clock.now()).toBeGreaterThan(2 * host.clock.frequency);
});
