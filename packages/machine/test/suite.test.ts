/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { defaultInstructionSet, disassemble } from '@worldswitch/isa';
import { describe, expect, it } from 'vitest';
import { buildImage } from './fuzz/image.ts';
import { fuzzedEngines, runOurs } from './fuzz/runners.ts';
import { testedElsewhere } from './suite/coverage.ts';
import { entryOf, parseEntries, type SuiteEntry } from './suite/data.ts';
import { sequenceOf } from './suite/programs.ts';

const entries = parseEntries(readFileSync(new URL('suite/expected.txt', import.meta.url), 'utf8'));
const set = defaultInstructionSet();
const names = new Set(entries.map(({ name }) => name));

/** Whether the code of an entry holds the row that it is for. */
function holdsItsRow({ name, code }: SuiteEntry): boolean {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (let offset = 0; offset + 1 < code.length; ) {
    const low = view.getUint16(offset, true);
    const isLong = (low & 3) === 3 && offset + 3 < code.length;
    if (set.decode(isLong ? view.getUint32(offset, true) : low)?.instruction.name === name) return true;
    offset += isLong ? 4 : 2;
  }
  return false;
}

describe('the suite has a test of', () => {
  it('every row of the instruction table', () => {
    const missing = set.rows.filter(({ name, extension }) => {
      const file = testedElsewhere[extension];
      if (file === undefined) return !names.has(name);
      return !readFileSync(new URL(file, import.meta.url), 'utf8').includes(name);
    });
    expect(
      missing.map(({ name }) => name),
      'record them: node packages/machine/fuzz.mjs --record --qemu PATH',
    ).toEqual([]);
  });

  it('which each executes its row', () => {
    const rows = entries.filter(({ name }) => set.byName(name));
    expect(rows.filter((entry) => !holdsItsRow(entry)).map(({ name }) => name)).toEqual([]);
  });

  it('every exception', () => {
    // 0 cannot happen where instructions may have two bytes.
    for (const cause of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15]) {
      const entry = entries.find(({ name }) => name === `cause ${cause}`);
      expect(entry?.traps[0]?.split(' ')[1], `cause ${cause}`).toBe(String(cause));
    }
  });
});

describe.each(fuzzedEngines)('on the %s engine, all ends as in QEMU:', (engine) => {
  const image = buildImage(entries.map(sequenceOf));
  const memory = runOurs(image.bytes, engine);
  it.each(entries.map((entry, index) => [entry.name, entry, index] as const))('%s', (_, entry, index) => {
    const found = entryOf(entry, image.bytes, memory, index);
    const first = new DataView(entry.code.buffer, entry.code.byteOffset).getUint32(0, true);
    const about = `the program that begins with ${disassemble(first)}`;
    expect(found.traps, about).toEqual(entry.traps);
    expect(found.results.split(' '), about).toEqual(entry.results.split(' '));
    expect(found.digest, about).toBe(entry.digest);
  });
});
