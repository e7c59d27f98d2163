// `pnpm bench -- ARGUMENTS`: bundles the benchmark from the sources of all packages, and runs it.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { sourceBundle } from '../../scripts/checkout.mjs';
import { cacheFolder } from '../../scripts/linux/fetch.mjs';

const root = dirname(fileURLToPath(import.meta.url));
// Below node_modules, so that the bundles find v86, which stays outside them.
const output = join(root, 'node_modules', '.cache', 'bench');
mkdirSync(output, { recursive: true });
await build({
  entryPoints: [
    'main',
    'run-worldswitch',
    'run-process',
    'run-linux-machine',
    'time-console',
    'run-wasm',
    'run-v86',
  ].map((name) => join(root, 'src', `${name}.ts`)),
  outdir: output,
  outExtension: { '.js': '.mjs' },
  ...sourceBundle,
  external: ['v86'],
});
const { main } = await import(pathToFileURL(join(output, 'main.mjs')).href);
// pnpm hands the `--` on.
process.exitCode = main(
  process.argv.slice(2).filter((argument) => argument !== '--'),
  { root, bundles: output, linux: join(cacheFolder(), 'stable') },
);
