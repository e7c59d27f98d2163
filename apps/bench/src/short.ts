import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBare } from './bare-machine.ts';
import { benchPrograms } from './program-table.ts';
import { geometricMean } from './statistics.ts';
import { checksumOf, withWorkSize } from './work-size.ts';

/** What the slow engine is given: up to a second. */
const REFERENCE_INSTRUCTIONS = 2_000_000;
/** What the fast one is given: its translation is in the figure, and should not be most of it. */
const COMPILED_INSTRUCTIONS = 150_000_000;
/** A ratio below this part of the recorded one is a failure; of a program that waits for memory, below the second. */
const TOLERATED = 0.5;
const TOLERATED_WAITING = 0.2;

/** Instructions per second of the compiled engine in those of the reference engine, by program. */
type Ratios = Readonly<Record<string, number>>;

/**
 * The compiled engine against the reference engine in this process, and against the recorded ratios. Seconds would say more
 * about the machine than about the engine. Returns the exit code.
 */
export function runShort(root: string, isRecording: boolean): number {
  const ratios: Record<string, number> = {};
  const recorded = JSON.parse(readFileSync(join(root, 'baseline.json'), 'utf8')) as Ratios;
  // V8 has to have seen the reference engine do everything, or the first programs would find it slower than the last ones.
  for (const { name, n } of benchPrograms) runBare(sizedImage(root, name, n), 'reference', REFERENCE_INSTRUCTIONS / 4);
  for (const { name, title, n, quick } of benchPrograms) {
    const whole = runBare(sizedImage(root, name, quick.n), 'compiled');
    if (checksumOf(whole.output) !== quick.checksum) {
      process.stderr.write(`bench: ${name}: ${whole.output.trim() || 'no checksum'}, expected ${quick.checksum}\n`);
      return 1;
    }
    const sized = sizedImage(root, name, n);
    const speed = (engine: 'reference' | 'compiled', limit: number) => {
      const runs = [1, 2, 3].map(() => runBare(sized, engine, limit));
      return Math.max(...runs.map(({ instructions, milliseconds }) => instructions / milliseconds / 1000));
    };
    let reference = 0;
    let compiled = 0;
    // What else the computer does can disturb a measurement, and never makes one better than it is.
    for (let tries = 0; tries < 3 && (tries === 0 || hasFallen(name, ratios[name], recorded[name])); tries++) {
      reference = speed('reference', REFERENCE_INSTRUCTIONS);
      compiled = speed('compiled', COMPILED_INSTRUCTIONS);
      ratios[name] = compiled / reference;
    }
    process.stdout.write(
      `${title.padEnd(30)} ${(compiled / reference).toFixed(0).padStart(5)} times the reference engine ` +
        `(${compiled.toFixed(0)} to ${reference.toFixed(2)} million instructions a second)\n`,
    );
  }
  process.stdout.write(
    `${'geometric mean'.padEnd(30)} ${(geometricMean(Object.values(ratios)) ?? 0).toFixed(0).padStart(5)}\n`,
  );
  if (isRecording) {
    const rounded = Object.fromEntries(
      Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(3))]),
    );
    writeFileSync(join(root, 'baseline.json'), `${JSON.stringify(rounded, null, 2)}\n`);
    return 0;
  }
  const findings = fallen(ratios, recorded);
  for (const finding of findings) process.stderr.write(`bench: ${finding}\n`);
  return findings.length > 0 ? 1 : 0;
}

function sizedImage(root: string, name: string, n: number): Uint8Array {
  return withWorkSize(readFileSync(join(root, 'images', 'bare', `${name}.elf`)), n);
}

function hasFallen(name: string, ratio = 0, before = 0): boolean {
  const waits = benchPrograms.find((program) => program.name === name)?.waitsForMemory;
  return ratio < before * (waits ? TOLERATED_WAITING : TOLERATED);
}

/** The programs whose ratio has fallen too far below what was recorded, each a sentence. */
export function fallen(ratios: Ratios, recorded: Ratios): string[] {
  return Object.entries(recorded)
    .filter(([name, before]) => hasFallen(name, ratios[name], before))
    .map(
      ([name, before]) =>
        `${name}: the compiled engine is ${(ratios[name] ?? 0).toFixed(0)} times as fast as the reference engine; it was ${before.toFixed(0)} times`,
    );
}
