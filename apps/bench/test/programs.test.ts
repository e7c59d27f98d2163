import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runBare } from '../src/bare-machine.ts';
import { benchPrograms } from '../src/program-table.ts';
import { formatChecksum, runWasm } from '../src/wasm-program.ts';
import { checksumOf, withWorkSize } from '../src/work-size.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const image = (path: string) => readFileSync(join(root, 'images', path));

describe('the programs', () => {
  it('are those of programs/, each built for every system', () => {
    const sources = readdirSync(join(root, 'programs')).filter((name) => name.endsWith('.c'));
    expect(benchPrograms.map(({ name }) => `${name}.c`).sort()).toEqual(sources.sort());
    for (const { name } of benchPrograms) {
      for (const file of [`linux/${name}.elf`, `bare/${name}.elf`, `multiboot/${name}.elf`, `wasm/${name}.wasm`]) {
        expect(existsSync(join(root, 'images', file)), file).toBe(true);
      }
    }
  });

  describe.each(benchPrograms)('$name', ({ name, quick }) => {
    it('has its checksum as WebAssembly', () => {
      expect(formatChecksum(runWasm(image(`wasm/${name}.wasm`), quick.n))).toBe(quick.checksum);
    });

    it('has its checksum on the bare machine', () => {
      const { output, hasEnded } = runBare(withWorkSize(image(`bare/${name}.elf`), quick.n), 'compiled');
      expect(hasEnded).toBe(true);
      expect(checksumOf(output)).toBe(quick.checksum);
    });
  });

  it('do nothing when there is nothing to do', () => {
    const { instructions } = runBare(withWorkSize(image('bare/memory-copy.elf'), 0), 'reference');
    expect(instructions).toBeLessThan(5000);
  });
});

describe('the size of the work in an image', () => {
  it('is refused where its place is missing or not the only one', () => {
    const mark = new TextEncoder().encode('WORKSIZE\0\0\0\0');
    expect(() => withWorkSize(new Uint8Array(64), 1)).toThrow('0 times');
    expect(() => withWorkSize(Uint8Array.from([...mark, ...mark]), 1)).toThrow('2 times');
    expect([...withWorkSize(mark, 258).subarray(8)]).toEqual([2, 1, 0, 0]);
  });
});
