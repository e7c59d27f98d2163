/// <reference types="node" />
import { createRandom } from '../random-program.ts';
import { record } from '../suite/record.ts';
import { buildImage, memoryDifferences, stateOf } from './image.ts';
import { area, BATCH } from './layout.ts';
import { type FuzzedEngine, fuzzedEngines, qemuVersion, runOurs, runQemu } from './runners.ts';
import { createGenerator, link, listing, type Sequence } from './sequence.ts';

const usage = `Compares random instruction sequences on QEMU and on every engine: registers, CSRs, traps and memory afterwards.
  --count N      sequences (default 100000)
  --seed N       the first one's seed (default: today's date); sequence number n has the seed of the batch it is in
  --shard I/N    only every N-th batch, the I-th first (from 1)
  --qemu PATH    qemu-system-riscv64 to compare with (default: the installed one)
  --engine NAME  only this engine; may be repeated
  --keep-going   look for more after a mismatch
  --record --qemu PATH   write the expected results of test/suite anew, with QEMU 10 or later
`;

/** Compiling everything takes so long that one sequence in as many has to do. */
const EAGER_SHARE = 20;

interface Options {
  readonly count: number;
  readonly seed: number;
  readonly shard: readonly [number: number, of: number];
  readonly qemu: string;
  readonly engines: readonly FuzzedEngine[];
  readonly keepGoing: boolean;
}

function readOptions(parameters: readonly string[]): Options | string {
  const now = new Date();
  let count = 100_000;
  let seed = now.getUTCFullYear() * 10_000 + (now.getUTCMonth() + 1) * 100 + now.getUTCDate();
  let shard: readonly [number, number] = [1, 1];
  let qemu = 'qemu-system-riscv64';
  let keepGoing = false;
  const engines: FuzzedEngine[] = [];
  for (let index = 0; index < parameters.length; index++) {
    const name = parameters[index]!;
    if (name === '--keep-going') {
      keepGoing = true;
      continue;
    }
    const value = parameters[++index];
    if (value === undefined) return `${name} needs a value`;
    const [, part, of] = /^(\d+)\/(\d+)$/.exec(value) ?? [];
    if (name === '--count' && Number(value) > 0) count = Number(value);
    else if (name === '--seed' && Number.isInteger(Number(value))) seed = Number(value);
    else if (name === '--shard' && Number(part) >= 1 && Number(part) <= Number(of)) shard = [Number(part), Number(of)];
    else if (name === '--qemu') qemu = value;
    else if (name === '--engine' && fuzzedEngines.some((known) => known === value)) engines.push(value as FuzzedEngine);
    else return `cannot read ${name} ${value}`;
  }
  return { count, seed, shard, qemu, engines: engines.length > 0 ? engines : fuzzedEngines, keepGoing };
}

interface Mismatch {
  readonly engine: FuzzedEngine;
  readonly index: number;
  readonly differences: readonly string[];
}

/** Traps by cause that QEMU logged, to see that the search meets them all. */
const causes = new Map<number, number>();
function countCauses(states: readonly (readonly string[])[]): void {
  for (const line of states.flat()) {
    const cause = /^trap .* cause (\d+)/.exec(line)?.[1];
    if (cause !== undefined) causes.set(Number(cause), (causes.get(Number(cause)) ?? 0) + 1);
  }
}

/** Sequences whose ends differ from QEMU's. */
function compareBatch(sequences: readonly Sequence[], options: Options, version: number): Mismatch[] {
  const image = buildImage(sequences);
  const theirs = runQemu(image.bytes, options.qemu, version);
  const expected = sequences.map((_, index) => stateOf(image.bytes, theirs, index));
  if (sequences.length > BATCH / 2) countCauses(expected);
  return options.engines.flatMap((engine) => {
    const ours = runOurs(image.bytes, engine);
    return sequences.flatMap((_, index): Mismatch[] => {
      const found = stateOf(image.bytes, ours, index);
      const wanted = expected[index]!;
      const differences = [
        ...Array.from({ length: Math.max(found.length, wanted.length) }, (_, line) =>
          found[line] === wanted[line]
            ? ''
            : `ours: ${found[line] ?? 'nothing'} | QEMU's: ${wanted[line] ?? 'nothing'}`,
        ).filter((line) => line !== ''),
        ...memoryDifferences(ours, theirs, index, image.code[index]!),
      ];
      return differences.length > 0 ? [{ engine, index, differences }] : [];
    });
  });
}

/** Takes items out as long as the sequence still differs. All sequences with one item less are tried in one image. */
function minimise(sequence: Sequence, engine: FuzzedEngine, options: Options, version: number): Sequence {
  let smallest = sequence;
  for (let round = 0; round < 60; round++) {
    const candidates = smallest.items.map((_, gone) => ({
      ...smallest,
      items: smallest.items.filter((_, index) => index !== gone),
    }));
    let found: Mismatch[];
    try {
      found = compareBatch(candidates, { ...options, engines: [engine] }, version);
    } catch {
      return smallest;
    }
    if (found.length === 0) return smallest;
    // Everything that can go alone is tried together first.
    const needless = new Set(found.map(({ index }) => smallest.items[index]!));
    const bold = { ...smallest, items: smallest.items.filter((item) => !needless.has(item)) };
    const isBoldEnough = compareBatch([bold], { ...options, engines: [engine] }, version).length > 0;
    smallest = isBoldEnough ? bold : candidates[found[0]!.index]!;
  }
  return smallest;
}

/** What there is to say about one mismatch. */
function report(sequence: Sequence, { engine }: Mismatch, options: Options, version: number): string {
  const smallest = minimise(sequence, engine, options, version);
  const [again] = compareBatch([smallest], { ...options, engines: [engine] }, version);
  const { start } = smallest;
  return [
    `engine ${engine}, mode ${start.mode}, ${start.isTranslated ? 'translated' : 'bare'}, mstatus 0x${start.mstatus.toString(16)}, ` +
      `medeleg 0x${start.medeleg.toString(16)}, fcsr 0x${start.fcsr.toString(16)}, PMP rights ${start.pmpRights}`,
    `windows: ${start.windows.map(({ flags, isOutside }) => `0x${flags.toString(16)}${isOutside ? ' outside' : ''}`).join(', ')}`,
    ...listing(link(smallest.items, area.code), area.code),
    ...(again?.differences ?? ['alone, it ends as in QEMU']).slice(0, 24).map((line) => `  ${line}`),
  ].join('\n');
}

/** The command. Returns its exit code. */
export function main(parameters: readonly string[]): number {
  if (parameters[0] === '--record') {
    const path = 'packages/machine/test/suite/expected.txt';
    record(parameters[2] ?? 'qemu-system-riscv64', path);
    process.stdout.write(`fuzz: wrote ${path}\n`);
    return 0;
  }
  const options = readOptions(parameters);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${usage}`);
    return 64;
  }
  const version = qemuVersion(options.qemu);
  if (version === undefined) {
    process.stdout.write(
      `fuzz: skipped, for there is no ${options.qemu} here (Debian: apt-get install qemu-system-misc)\n`,
    );
    return 0;
  }
  const begin = Date.now();
  let compared = 0;
  let mismatches = 0;
  const [part, parts] = options.shard;
  const batches = Math.ceil(options.count / BATCH);
  for (let batch = part - 1; batch < batches; batch += parts) {
    const random = createRandom(options.seed + batch);
    const generator = createGenerator(random, version);
    const size = Math.min(BATCH, options.count - batch * BATCH);
    const sequences = Array.from({ length: size }, () => generator.sequence());
    const thorough = options.engines.filter((engine) => engine !== 'eager');
    const found = thorough.length > 0 ? compareBatch(sequences, { ...options, engines: thorough }, version) : [];
    if (options.engines.includes('eager')) {
      const few = sequences.slice(0, Math.ceil(size / EAGER_SHARE));
      found.push(...compareBatch(few, { ...options, engines: ['eager'] }, version));
    }
    compared += size;
    mismatches += found.length;
    for (const mismatch of found.slice(0, 5)) {
      process.stdout.write(
        `\nMISMATCH: --seed ${options.seed} sequence ${batch * BATCH + mismatch.index}\n${mismatch.differences.slice(0, 8).join('\n')}\n` +
          `${report(sequences[mismatch.index]!, mismatch, options, version)}\n`,
      );
    }
    const seconds = Math.round((Date.now() - begin) / 1000);
    process.stdout.write(`fuzz: ${compared} sequences, ${mismatches} mismatches, ${seconds} s\n`);
    if (mismatches > 0 && !options.keepGoing) break;
  }
  process.stdout.write(
    `fuzz: traps by cause ${[...causes]
      .sort(([a], [b]) => a - b)
      .map(([cause, count]) => `${cause}: ${count}`)
      .join(', ')}\n` +
      `fuzz: seed ${options.seed}, ${compared} sequences on ${options.engines.join(' and ')} and QEMU ${version}: ${mismatches} mismatches\n`,
  );
  return mismatches > 0 ? 1 : 0;
}
