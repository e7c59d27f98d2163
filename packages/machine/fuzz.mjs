// `pnpm fuzz ARGUMENTS`: random instruction sequences on QEMU and on our engines (test/fuzz/main.ts says which arguments there are).
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { sourceBundle } from '../../scripts/checkout.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, 'node_modules', '.cache', 'fuzz', 'main.mjs');
mkdirSync(dirname(bundle), { recursive: true });
await build({ entryPoints: [join(here, 'test/fuzz/main.ts')], outfile: bundle, ...sourceBundle });
const { main } = await import(pathToFileURL(bundle).href);
process.exitCode = main(process.argv.slice(2).filter((argument) => argument !== '--'));
