// `node packages/machine/churn.mjs ARGUMENTS`: translated code that comes and goes for minutes (test/churn/main.ts says which arguments there are).
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { sourceBundle } from '../../scripts/checkout.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, 'node_modules', '.cache', 'churn', 'main.mjs');
mkdirSync(dirname(bundle), { recursive: true });
await build({ entryPoints: [join(here, 'test/churn/main.ts')], outfile: bundle, ...sourceBundle });
const { main } = await import(pathToFileURL(bundle).href);
process.exitCode = main(process.argv.slice(2));
