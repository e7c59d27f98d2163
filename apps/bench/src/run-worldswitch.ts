/** A process that runs one bare image on our machine: FILE [ENGINE]. */
import { readFileSync } from 'node:fs';
import type { EngineName } from '@worldswitch/machine';
import { runBare } from './bare-machine.ts';

const [file, engine = 'compiled'] = process.argv.slice(2);
if (!file) throw new Error('usage: run-worldswitch FILE [ENGINE]');
const { output, instructions, milliseconds } = runBare(readFileSync(file), engine as EngineName);
process.stdout.write(output);
process.stderr.write(`${instructions} instructions in ${milliseconds.toFixed(1)} ms\n`);
