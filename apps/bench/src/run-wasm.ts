/** A process that runs one program compiled to WebAssembly: FILE N. */
import { readFileSync } from 'node:fs';
import { formatChecksum, runWasm } from './wasm-program.ts';

const [file, n] = process.argv.slice(2);
if (!file || !n) throw new Error('usage: run-wasm FILE N');
process.stdout.write(`checksum ${formatChecksum(runWasm(readFileSync(file), Number(n)))}\n`);
