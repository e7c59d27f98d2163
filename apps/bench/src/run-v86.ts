/** A process that runs one Multiboot image on v86 until it has printed its checksum: FILE. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { V86 } from 'v86';

const [file] = process.argv.slice(2);
if (!file) throw new Error('usage: run-v86 FILE');
const image = readFileSync(file);
const emulator = new V86({
  wasm_path: join(dirname(createRequire(import.meta.url).resolve('v86')), 'v86.wasm'),
  memory_size: 128 * 2 ** 20,
  multiboot: { buffer: new Uint8Array(image).buffer },
  autostart: true,
});
let output = '';
emulator.add_listener('serial0-output-byte', (byte) => {
  output += String.fromCharCode(byte);
  if (!output.endsWith('\n')) return;
  process.stdout.write(output, () => process.exit(0));
});
