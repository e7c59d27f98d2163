// `pnpm bench:soak -- ARGUMENTS`: bundles the soak from the sources of all packages, and runs it.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { sourceBundle } from '../../scripts/checkout.mjs';
import { cacheFolder } from '../../scripts/linux/fetch.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const output = join(root, 'node_modules', '.cache', 'soak', 'main.mjs');
mkdirSync(dirname(output), { recursive: true });
await build({ entryPoints: [join(root, 'src', 'soak', 'main.ts')], outfile: output, ...sourceBundle });
const { main } = await import(pathToFileURL(output).href);
// pnpm hands the `--` on.
process.exitCode = main(
  process.argv.slice(2).filter((argument) => argument !== '--'),
  { root, linux: join(cacheFolder(), 'stable') },
);
