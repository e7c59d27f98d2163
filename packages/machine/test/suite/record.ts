/// <reference types="node" />
import { writeFileSync } from 'node:fs';
import { buildImage } from '../fuzz/image.ts';
import { qemuVersion, runQemu } from '../fuzz/runners.ts';
import { testedElsewhere } from './coverage.ts';
import { entryOf, formatEntry } from './data.ts';
import { sequenceOf, suitePrograms } from './programs.ts';

/** Runs every program of the suite in QEMU and writes what it ends with. Needs QEMU 10 or later for the newest extensions. */
export function record(qemu: string, path: string): void {
  const version = qemuVersion(qemu);
  if (version === undefined || version < 10) throw new Error(`${qemu} is not QEMU 10 or later`);
  const programs = suitePrograms((row) => testedElsewhere[row.extension] === undefined);
  const image = buildImage(programs.map(sequenceOf));
  const memory = runQemu(image.bytes, qemu, version);
  const lines = programs.map((program, index) => formatEntry(entryOf(program, image.bytes, memory, index)));
  const head = [
    `# What the programs of programs.ts end with in QEMU ${version}: name, place, code, traps, results, digest of the whole state.`,
    '# Written by `node packages/machine/fuzz.mjs --record --qemu PATH`.',
  ];
  writeFileSync(path, `${[...head, ...lines].join('\n')}\n`);
}
