/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { expect, it } from 'vitest';
import { Machine, SnapshotError } from '../src/index.ts';
import { packSection, readContainer, writeContainer } from '../src/snapshot/container.ts';
import { diskProgram } from './disk-program.ts';
import { createRandom } from './random-program.ts';

const seed = Number(process.env.WORLDSWITCH_SEED);
const random = createRandom(seed);
type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

const odd: readonly Json[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 40,
  'no',
  '',
  [],
  {},
  [1, 2, 3],
  { $bytes: 'AAAA' },
  { $infinite: true },
];

/** Replaces one value somewhere in it, or takes it away. */
function damage(root: Json): void {
  let at = root;
  for (;;) {
    if (typeof at !== 'object' || at === null) return;
    const keys = Object.keys(at);
    const key = keys[random() % Math.max(keys.length, 1)];
    if (key === undefined) return;
    const parent = at as Record<string, Json>;
    const value = parent[key]!;
    if (typeof value === 'object' && value !== null && random() % 8 !== 0) {
      at = value;
      continue;
    }
    const choice = random() % 4;
    if (choice === 0) delete parent[key];
    else if (choice === 1 && typeof value === 'string' && value.length > 100) {
      // The bytes of a register context, or of a device.
      const place = random() % value.length;
      parent[key] = `${value.slice(0, place)}Zz8/${value.slice(place + 4)}`.slice(0, value.length);
    } else if (choice === 2 && typeof value === 'number') parent[key] = random();
    else parent[key] = odd[random() % odd.length]!;
    return;
  }
}

function createSnapshot() {
  const disk = new Uint8Array(64 * 512);
  const firmware = assemble(diskProgram, { origin: 0x8000_0000 }).bytes;
  const machine = Machine.create({ firmware, memoryBytes: 2 ** 22, harts: 2, disk });
  machine.run({ maxInstructions: 50_000 });
  const container = readContainer(machine.save());
  machine.dispose();
  const { sections: _, ...fields } = container.fields;
  const others = container.sections.filter(({ entry }) => entry.name !== 'state');
  return {
    fields: fields as Json,
    state: new TextDecoder().decode(container.unpack('state')),
    restore(header: Json, state: Json): Machine {
      const packed = packSection('state', new TextEncoder().encode(JSON.stringify(state)));
      const file = writeContainer(header as Record<string, unknown>, [packed, ...others]);
      return Machine.restore(file, { disk: disk.slice(), engine: 'reference' });
    },
  };
}

it.each([
  ['turn', 0.5],
  ['turn', -1],
  ['turn', 2],
  ['left', 0.5],
])('a snapshot whose schedule has the %s %d is refused', (field, value) => {
  const { fields, state, restore } = createSnapshot();
  const damaged = JSON.parse(state);
  expect(damaged.schedule).toHaveProperty(field);
  damaged.schedule[field] = value;
  expect(() => restore(fields, damaged)).toThrow(SnapshotError);
});

it(`a snapshot with right checksums and wrong contents is refused, or makes a machine that runs (seed ${seed})`, () => {
  const { fields, state, restore } = createSnapshot();
  let refused = 0;
  for (let turn = 0; turn < 300; turn++) {
    const header = structuredClone(fields) as Json;
    const damaged = JSON.parse(state) as Json;
    damage(turn % 5 === 0 ? header : damaged);
    let restored: Machine | undefined;
    try {
      restored = restore(header, damaged);
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw new Error(`turn ${turn}: ${(error as Error).stack}`);
      refused++;
    }
    if (!restored) continue;
    expect(['budget', 'stuck', 'idle', 'poweroff', 'reset']).toContain(restored.run({ maxInstructions: 3000 }).reason);
    restored.dispose();
  }
  expect(refused).toBeGreaterThan(100);
});
