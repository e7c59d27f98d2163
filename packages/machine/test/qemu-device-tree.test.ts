/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultInstructionSet } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { boardDeviceTree } from '../src/index.ts';

/** The tree that the board describes, held against the one of QEMU's `virt` machine with the same harts and memory. */
const hasQemu = spawnSync('qemu-system-riscv64', ['--version']).status === 0;

type Properties = Map<string, string>;

/** Properties by node path. References by phandle are replaced by the path they lead to; everything else is hexadecimal. */
function parse(blob: Uint8Array): Map<string, Properties> {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const [structure, strings] = [view.getUint32(8), view.getUint32(12)];
  const string = (at: number) => {
    let end = at;
    while (blob[end] !== 0) end++;
    return [new TextDecoder().decode(blob.subarray(at, end)), end] as const;
  };
  const nodes = new Map<string, Map<string, Uint8Array>>();
  const path: string[] = [];
  const phandles = new Map<number, string>();
  const current = () => path.join('/') || '/';
  for (let at = structure; ; ) {
    const token = view.getUint32(at);
    at += 4;
    if (token === 1) {
      const [name, end] = string(at);
      path.push(name);
      nodes.set(current(), new Map());
      at = (end + 4) & ~3;
    } else if (token === 2) path.pop();
    else if (token === 3) {
      const length = view.getUint32(at);
      const [name] = string(strings + view.getUint32(at + 4));
      const value = blob.subarray(at + 8, at + 8 + length);
      if (name === 'phandle') phandles.set(view.getUint32(at + 8), current());
      nodes.get(current())!.set(name, value);
      at = (at + 8 + length + 3) & ~3;
    } else if (token === 9) break;
  }
  const cells = (value: Uint8Array) =>
    Array.from({ length: value.length / 4 }, (_, index) =>
      new DataView(value.buffer, value.byteOffset).getUint32(index * 4),
    );
  const readable = (name: string, value: Uint8Array): string => {
    if (/^(interrupt-parent|cpu|regmap)$/.test(name)) return phandles.get(cells(value)[0]!) ?? 'nowhere';
    if (name === 'interrupts-extended') {
      return cells(value)
        .map((cell, index) => (index % 2 === 0 ? phandles.get(cell) : cell))
        .join(' ');
    }
    return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  return new Map(
    [...nodes].map(([node, properties]) => [
      node,
      new Map(
        [...properties].filter(([name]) => name !== 'phandle').map(([name, value]) => [name, readable(name, value)]),
      ),
    ]),
  );
}

/** Differences that are meant, each with its reason. */
const intended: readonly (readonly [RegExp, string])[] = [
  [/^\/pmu /, 'there are no programmable counters'],
  [/^\/fw-cfg@/, 'there is no firmware configuration device'],
  [/^\/flash@/, 'there is no flash memory'],
  [/^\/platform-bus@/, 'there are no devices to plug into it'],
  [/^\/soc\/pci@/, 'there is no PCI bus'],
  [/^\/aliases /, 'newer versions of QEMU name the serial line'],
  [/^\/chosen rng-seed$/, 'two machines made alike run alike'],
  [/^\/ model$/, 'it is another machine'],
  [
    /^\/cpus\/cpu@\d+ (riscv,isa|riscv,isa-base|riscv,isa-extensions|mmu-type)$/,
    'extensions and translation modes differ',
  ],
  [/^\/cpus\/cpu@\d+ riscv,cbo[mzp]-block-size$/, 'older versions of QEMU do not have cache block operations'],
  [
    /^\/cpus\/cpu@\d+\/interrupt-controller #address-cells$/,
    'compilers of device trees ask interrupt controllers for it',
  ],
  [/^\/soc\/plic@c000000 riscv,ndev$/, 'older versions of QEMU count source 0'],
];

function differences(ours: Map<string, Properties>, theirs: Map<string, Properties>): string[] {
  const found: string[] = [];
  for (const node of new Set([...ours.keys(), ...theirs.keys()])) {
    const [own, other] = [ours.get(node), theirs.get(node)];
    if (!own || !other) {
      found.push(`${node} ${own ? 'ours only' : 'theirs only'}`);
      continue;
    }
    for (const name of new Set([...own.keys(), ...other.keys()])) {
      if (own.get(name) !== other.get(name)) found.push(`${node} ${name}`);
    }
  }
  return found;
}

const reason = hasQemu ? '' : ': skipped, qemu-system-riscv64 is not installed';
describe.skipIf(!hasQemu)(`the tree is that of QEMU's virt machine${reason}`, () => {
  it.each([
    [1, 128, false],
    [4, 256, false],
    [8, 3072, true],
  ])('with %i harts, %i MiB and aclint %s', (harts, megabytes, aclint) => {
    const directory = mkdtempSync(join(tmpdir(), 'worldswitch-'));
    try {
      const file = join(directory, 'virt.dtb');
      const machine = `virt,aclint=${aclint ? 'on' : 'off'},dumpdtb=${file}`;
      const { status, stderr } = spawnSync('qemu-system-riscv64', [
        ...['-machine', machine, '-display', 'none', '-smp', String(harts), '-m', String(megabytes)],
      ]);
      expect(status, stderr.toString()).toBe(0);
      const extensions = defaultInstructionSet().extensions.map(({ name }) => name);
      const ours = boardDeviceTree({ memoryBytes: megabytes * 2 ** 20, harts, aclint, extensions });
      const found = differences(parse(ours), parse(new Uint8Array(readFileSync(file))));
      expect(found.filter((difference) => !intended.some(([pattern]) => pattern.test(difference)))).toEqual([]);
      // The comparison sees something at all.
      expect(found).toContain('/ model');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
