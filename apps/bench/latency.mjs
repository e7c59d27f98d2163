// `pnpm bench:latency -- ARGUMENTS`: bundles the measurement from the sources of all packages, and runs it.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleCommandLine, root as checkout, sourceBundle } from '../../scripts/checkout.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const output = join(root, 'node_modules', '.cache', 'latency', 'main.mjs');
mkdirSync(dirname(output), { recursive: true });
await build({ entryPoints: [join(root, 'src', 'latency', 'main.ts')], outfile: output, ...sourceBundle });
await bundleCommandLine();
const { main } = await import(pathToFileURL(output).href);
// pnpm hands the `--` on.
process.exitCode = main(
  process.argv.slice(2).filter((argument) => argument !== '--'),
  { command: join(checkout, 'packages', 'cli', 'bin', 'worldswitch.mjs') },
);
